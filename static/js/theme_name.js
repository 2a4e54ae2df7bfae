// The theme button says which theme is on. Switching itself is the admin's own theme.js.
const NAMES = { auto: "same as your device", light: "light", dark: "dark" };

function name() {
  const label = `Theme: ${NAMES[document.documentElement.dataset.theme] ?? NAMES.auto}`;
  for (const button of document.querySelectorAll(".theme-toggle")) {
    button.title = label;
    button.setAttribute("aria-label", label);
  }
}

new MutationObserver(name).observe(document.documentElement, { attributeFilter: ["data-theme"] });
name();
