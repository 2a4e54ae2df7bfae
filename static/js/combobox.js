// Type-ahead: arrows move, Enter chooses, Escape closes. HTMX fetches the options (config/staff/pages/widgets.py). The list is a
// popover, so that no dialog and no card cuts it off; where it stands is reckoned here.
const MOST_HIGH = 264;
const GAP = 5;

const announce = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));

const box = (node) => node.closest?.(".combobox");
const input = (combobox) => combobox.querySelector("[role=combobox]");
const list = (combobox) => combobox.querySelector("[role=listbox]");
const options = (combobox) => [...combobox.querySelectorAll("[role=option]")];

document.addEventListener("keydown", (event) => {
  const combobox = event.target.matches?.("[role=combobox]") && box(event.target);
  if (!combobox) return;
  const all = options(combobox);
  const at = all.findIndex((option) => option.ariaSelected === "true");
  if (event.key === "ArrowDown" && all.length) mark(combobox, all[(at + 1) % all.length]);
  else if (event.key === "ArrowUp" && all.length) mark(combobox, all[(at <= 0 ? all.length : at) - 1]);
  else if (event.key === "Enter" && at >= 0) choose(combobox, all[at]);
  else if (event.key === "Escape" && all.length) close(combobox);
  else return;
  event.preventDefault();
  event.stopPropagation();
});
document.addEventListener("mousedown", (event) => {
  if (event.target.closest?.(".combobox [role=listbox]")) event.preventDefault(); // the input keeps the focus
});
// A finger that scrolls the list presses it as well; only a tap is a click.
document.addEventListener("click", (event) => {
  const option = event.target.closest?.(".combobox [role=option]");
  if (option) choose(box(option), option);
});
for (const [target, event] of [[window, "scroll"], [window, "resize"], [visualViewport, "resize"]]) {
  target.addEventListener(event, () => document.querySelectorAll(".combobox [role=listbox]:popover-open").forEach(place), true);
}
document.addEventListener("focusout", (event) => {
  const combobox = box(event.target);
  if (combobox && !combobox.contains(event.relatedTarget)) close(combobox);
});
// What is typed is asked for as ?q=, whatever the field is called in its form.
document.addEventListener("htmx:configRequest", (event) => {
  if (!event.target.matches("[role=combobox]")) return;
  const parameters = event.detail.parameters;
  for (const name of Object.keys(parameters)) delete parameters[name];
  parameters.q = event.target.value;
});
document.addEventListener("htmx:afterSwap", (event) => {
  const combobox = event.detail.target.matches?.("[role=listbox]") && box(event.detail.target);
  if (!combobox) return;
  const all = options(combobox);
  all.forEach((option, i) => (option.id = `${list(combobox).id}-${i}`));
  input(combobox).ariaExpanded = String(all.length > 0);
  list(combobox).togglePopover(all.length > 0);
  if (all.length) place(list(combobox));
  announce(all.length === 1 ? "1 match" : `${all.length} matches`);
});

// Below its input, or above it where there is more room: on a phone the keyboard takes the lower half.
function place(listbox) {
  const field = input(box(listbox)).getBoundingClientRect();
  const above = field.top - visualViewport.offsetTop - 2 * GAP;
  const below = visualViewport.offsetTop + visualViewport.height - field.bottom - 2 * GAP;
  const upwards = below < MOST_HIGH / 2 && above > below;
  Object.assign(listbox.style, {
    left: `${field.left}px`,
    width: `${field.width}px`,
    maxHeight: `${Math.min(MOST_HIGH, upwards ? above : below)}px`,
    top: upwards ? "auto" : `${field.bottom + GAP}px`,
    bottom: upwards ? `${innerHeight - field.top + GAP}px` : "auto",
  });
}
function mark(combobox, chosen) {
  for (const option of options(combobox)) option.ariaSelected = String(option === chosen);
  input(combobox).setAttribute("aria-activedescendant", chosen.id);
  chosen.scrollIntoView({ block: "nearest" });
}
function choose(combobox, option) {
  input(combobox).value = option.dataset.value;
  input(combobox).dispatchEvent(new CustomEvent("chosen", { bubbles: true, detail: option.dataset }));
  close(combobox);
  announce(`${option.querySelector("strong").textContent} chosen`);
}
function close(combobox) {
  list(combobox).replaceChildren();
  list(combobox).togglePopover(false);
  input(combobox).ariaExpanded = "false";
  input(combobox).removeAttribute("aria-activedescendant");
}
