// "/" goes to the search box, "." to the one that checks a code. Open menus close on Escape and on a click elsewhere.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeMenus();
  if (!["/", "."].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
  const search = document.getElementById(event.key === "/" ? "search" : "check");
  if (!search) return;
  event.preventDefault();
  document.getElementById("sidebar").matches(":not(:popover-open)") && innerWidth < 960 && document.getElementById("sidebar").showPopover();
  search.focus();
  search.select();
});
// Whatever is typed or scanned next takes the place of what stands there.
const typedOver = document.querySelector("[data-type-over]");
if (typedOver?.value) {
  typedOver.focus();
  typedOver.select();
}
document.addEventListener("click", (event) => closeMenus(event.target));

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details:is(.drop, .user-menu)[open]")) {
    if (except && menu.contains(except)) continue;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus(); // else the focus would be lost
    menu.open = false;
  }
}
