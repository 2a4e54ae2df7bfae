// <a data-dialog href="…">: the address is opened in the page's <dialog>. Forms and links in it stay in it.
const dialog = document.getElementById("dialog");

document.addEventListener("click", (event) => {
  const opener = event.target.closest("a[data-dialog]");
  if (!opener || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  htmx.ajax("GET", opener.href, { source: opener, target: "#dialog", swap: "innerHTML" });
});

// Opened once what stands in it is alive: a field with the focus before that would miss what is typed at once.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target !== dialog) return;
  if (!dialog.open) dialog.showModal();
  const first = ['[aria-invalid="true"]', "[autofocus]", '.modal-body :is(input:not([type="hidden"]), select, textarea)'];
  first.map((selector) => dialog.querySelector(selector)).find(Boolean)?.focus();
});

// What happens in a dialog is no page of its own: the address stays (htmx 2 pushes boosted forms even if told not to).
document.addEventListener("htmx:beforeHistoryUpdate", (event) => {
  if (event.detail.target !== dialog) return;
  Object.assign(event.detail.history, { type: "replace", path: location.pathname + location.search });
});

// What was done in it ([data-changed]) changed the page below as well.
dialog?.addEventListener("close", () => {
  if (dialog.querySelector("[data-changed]")) location.reload();
  dialog.replaceChildren();
});

// "Cancel" is a link back, for a form that is a page of its own; in a dialog it only closes it.
document.addEventListener("click", (event) => {
  const open = event.target.closest("[data-close]")?.closest("dialog");
  if (!open) return;
  event.preventDefault();
  open.close();
});

// closedby="any" and invoker commands for browsers that do not know them yet.
if (dialog && !("closedBy" in HTMLDialogElement.prototype)) {
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}
if (!("commandForElement" in HTMLButtonElement.prototype)) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[commandfor]");
    const target = button && document.getElementById(button.getAttribute("commandfor"));
    if (target) button.getAttribute("command") === "close" ? target.close() : target.showModal();
  });
}
