// A request in the background that failed is said out loud, with what to do next.
const ADVICE = {
  401: "Your session has ended. Sign in again in another tab, then carry on here: what you typed is still on this page.",
  403: "You do not have permission to do this, or your session has ended. Reload the page and sign in again.",
  404: "This no longer exists. Reload the page.",
  413: "The file or text is too large for this server.",
  429: "Too many attempts. Wait a few minutes and try again.",
};
const trouble = (text) => document.dispatchEvent(new CustomEvent("toast", { detail: { tone: "bad", text } }));

document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  trouble(ADVICE[status] ?? `Something went wrong on the server (${status}). Try again in a moment; if it keeps happening, check the server’s log.`);
});
document.addEventListener("htmx:sendError", () => trouble("Could not reach the server. Check your connection and try again."));
document.addEventListener("htmx:timeout", () => trouble("The server took too long to respond. Try again in a moment."));

// The form may be older than the session: somebody signed in again in another tab.
document.addEventListener("htmx:configRequest", (event) => {
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
  if (!token) return;
  event.detail.headers["X-CSRFToken"] = token;
  delete event.detail.parameters.csrfmiddlewaretoken;
});

// Filters that are not set stay out of the address: ?q=a instead of ?q=a&channel=&result=
document.addEventListener("htmx:configRequest", (event) => {
  if (!event.target.matches("form.filters")) return;
  const parameters = event.detail.parameters;
  for (const name of Object.keys(parameters)) if (parameters[name] === "") delete parameters[name];
});
