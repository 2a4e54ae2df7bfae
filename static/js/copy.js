// <button data-copy="TEXT">: copies, shows a tick, and says so.
const announce = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const copied = await copy(button.dataset.copy, button);
  announce(copied ? "Copied" : "Your browser did not allow copying. Select the text instead.");
  if (!copied) return;
  button.classList.add("copied");
  setTimeout(() => button.classList.remove("copied"), 1600);
});

async function copy(text, near) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // navigator.clipboard exists on https and localhost only.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "sr";
    // Inside an open dialog the rest of the page cannot be selected.
    (near.closest("dialog") ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    near.focus();
    return done;
  }
}
