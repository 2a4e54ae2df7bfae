// On a phone the tabs scroll sideways: the one that is open is brought into sight.
for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
  const tabs = tab.parentElement;
  const [box, of] = [tab.getBoundingClientRect(), tabs.getBoundingClientRect()];
  tabs.scrollLeft += box.left - of.left - (of.width - box.width) / 2;
}
