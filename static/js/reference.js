// The contents of the API's reference: on a phone they cover the page, so they go once a place in it was chosen.
const contents = document.getElementById("sidebar");

contents.addEventListener("click", (event) => {
  if (event.target.closest('a[href^="#"]')) contents.hidePopover();
});
