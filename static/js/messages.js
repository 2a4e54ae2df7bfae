// Two events that any script may send, and the server too (HX-Trigger): they are how the files in here talk.
//   announce  detail: text                 said to people who use a screen reader
//   toast     detail: {tone, text}         shown to all; good news goes by itself, trouble stays
const LEAVE_AFTER = 6000;

const toasts = document.getElementById("toasts");
const live = document.getElementById("live");
const homes = new Map([toasts, live].filter(Boolean).map((node) => [node, node.parentElement])); // not every page has both

// A modal dialog covers everything outside it, and screen readers hear nothing from there: while it is open, messages
// are inside it.
function brought(node) {
  const place = document.querySelector("dialog:modal") ?? homes.get(node);
  if (node.parentElement !== place) place.append(node);
  return node;
}
document.addEventListener("close", () => homes.forEach((_, node) => brought(node)), true);

document.addEventListener("announce", (event) => {
  brought(live).textContent = "";
  // A changed text is read out; the same text put in again at once is not.
  setTimeout(() => (live.textContent = event.detail), 50);
});

document.addEventListener("toast", (event) => {
  const shown = document.getElementById("toast").content.cloneNode(true).firstElementChild;
  shown.classList.add(event.detail.tone);
  shown.querySelector("p").textContent = event.detail.text;
  brought(toasts).append(shown);
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-dismiss]")) event.target.closest(".banner").remove();
});

function leaveLater(shown) {
  if (!shown.matches?.(".banner:not(.bad, .warn)")) return;
  const leave = () => (shown.matches(":hover, :focus-within") ? setTimeout(leave, LEAVE_AFTER) : shown.remove());
  setTimeout(leave, LEAVE_AFTER);
}
if (toasts) {
  const observer = new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach(leaveLater)));
  observer.observe(toasts, { childList: true });
  [...toasts.children].forEach(leaveLater);
}
