// What the pages do beyond links and forms. Each part also works, more plainly, without this file.
import "./charts.js";
import "./combobox.js";
import "./copy.js";
import "./dialogs.js";
import "./htmx_errors.js";
import "./shortcuts.js";
import "./toasts.js";
