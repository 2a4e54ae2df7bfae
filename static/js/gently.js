// <… hx-get hx-target="#list" data-gently>: draws a list anew by itself, unless somebody is busy with it just then.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches("[data-gently]") && isBusy(event.detail.target)) event.preventDefault();
});

function isBusy(list) {
  const filters = list.parentElement.querySelector("form.filters");
  const selection = getSelection();
  return (
    [list, filters].some((part) => part?.contains(document.activeElement)) ||
    list.querySelector("details[open]") !== null ||
    (!selection.isCollapsed && list.contains(selection.anchorNode))
  );
}
