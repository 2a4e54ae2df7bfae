// A request that failed in the background is said out loud, with what to do next.
import { toast } from "./toasts.js";

const ADVICE = {
  403: "You may not do this, or your session has ended. Reload the page and sign in again.",
  404: "This no longer exists. Reload the page.",
  413: "The file or text is too large for this server.",
  429: "Too many attempts. Wait a few minutes and try again.",
};

document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  toast("bad", ADVICE[status] ?? `The server could not answer (${status}). Nothing was changed on this page; try again in a moment.`);
});
document.addEventListener("htmx:sendError", () => {
  toast("bad", "The server cannot be reached. Check your connection and try again.");
});
document.addEventListener("htmx:timeout", () => {
  toast("bad", "The server took too long to answer. Try again in a moment.");
});

// Unsent parameters keep the address short: ?q=a instead of ?q=a&channel=&result=
document.addEventListener("htmx:configRequest", (event) => {
  if (!event.target.matches("form.filters")) return;
  const parameters = event.detail.parameters;
  for (const name of Object.keys(parameters)) if (parameters[name] === "") delete parameters[name];
});
