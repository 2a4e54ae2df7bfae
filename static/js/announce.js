// Says something to people who use a screen reader.
export function announce(text) {
  const region = document.getElementById("live");
  region.textContent = "";
  // A changed text is read out; the same text put in again at once is not.
  setTimeout(() => (region.textContent = text), 50);
}
