// Messages: closed by hand; good news goes by itself, trouble stays.
const LEAVE_AFTER = 6000;

export function toast(tone, text) {
  const shown = document.getElementById("toast").content.cloneNode(true).firstElementChild;
  shown.classList.add(tone);
  shown.querySelector("p").textContent = text;
  region().append(shown);
}

// A modal dialog covers everything outside it, so messages are shown inside it while it is open.
function region() {
  const region = document.getElementById("toasts");
  const open = document.querySelector("dialog:modal");
  const home = open ?? document.getElementById("content-start") ?? document.body;
  if (open && region.parentElement !== open) home.append(region);
  return region;
}

function leaveLater(toasts) {
  for (const shown of toasts.querySelectorAll(".banner:not(.bad, .warn)")) {
    const leave = () => (shown.matches(":hover, :focus-within") ? setTimeout(leave, LEAVE_AFTER) : shown.remove());
    setTimeout(leave, LEAVE_AFTER);
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-dismiss]")) event.target.closest(".banner").remove();
});
document.body.addEventListener("toast", (event) => toast(event.detail.tone ?? "good", event.detail.text ?? event.detail.value));
for (const toasts of document.querySelectorAll(".toasts")) {
  new MutationObserver(() => leaveLater(toasts)).observe(toasts, { childList: true });
  leaveLater(toasts);
}
