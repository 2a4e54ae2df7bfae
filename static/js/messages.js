// Two events that any script may send, and the server too (HX-Trigger): they are how the files in here talk.
//   announce  detail: text                 said to people who use a screen reader
//   toast     detail: {tone, text}         shown to all; good news goes by itself, trouble stays
const LEAVE_AFTER = 6000;

document.addEventListener("announce", (event) => {
  const live = document.getElementById("live");
  live.textContent = "";
  // A changed text is read out; the same text put in again at once is not.
  setTimeout(() => (live.textContent = event.detail), 50);
});

document.addEventListener("toast", (event) => {
  const shown = document.getElementById("toast").content.cloneNode(true).firstElementChild;
  shown.classList.add(event.detail.tone);
  shown.querySelector("p").textContent = event.detail.text;
  region().append(shown);
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-dismiss]")) event.target.closest(".banner").remove();
});

// A modal dialog covers everything outside it, so messages are shown inside it while it is open.
function region() {
  const toasts = document.getElementById("toasts");
  const open = document.querySelector("dialog:modal");
  if (open && toasts.parentElement !== open) {
    const home = toasts.parentElement;
    open.append(toasts);
    open.addEventListener("close", () => home.append(toasts), { once: true });
  }
  return toasts;
}

function leaveLater(shown) {
  if (!shown.matches?.(".banner:not(.bad, .warn)")) return;
  const leave = () => (shown.matches(":hover, :focus-within") ? setTimeout(leave, LEAVE_AFTER) : shown.remove());
  setTimeout(leave, LEAVE_AFTER);
}
for (const toasts of document.querySelectorAll("#toasts")) {
  new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach(leaveLater))).observe(toasts, {
    childList: true,
  });
  [...toasts.children].forEach(leaveLater);
}
