// The archive's address says what is looked for, so that it can be shared, and Back finds it again.
(function () {
  "use strict";

  const SHOWN = 500; // ms after which the list stands and a dialog is gone
  let doomed = false; // whether a row was deleted
  let row = 0; // number of the row that had the focus last

  document.addEventListener("focusin", (event) => {
    const own = event.target.closest(".rows .row");
    if (own) row = [...own.parentNode.children].indexOf(own);
  });

  // Names for the buttons of the pages; and where the row that had the focus was deleted, it goes
  // to the one in its place.
  function settle() {
    const buttons = [...document.querySelectorAll("#archive-pages button")];
    buttons.forEach((button, i) => {
      const ends = i === 0 ? "Previous page" : "Next page";
      button.setAttribute("aria-label", button.innerText ? "Page " + button.innerText : ends);
    });
    const rows = [...document.querySelectorAll(".rows .row")];
    const free = [null, document.body].includes(document.activeElement);
    if (!free || document.querySelector("[role=dialog]") || !doomed) return;
    doomed = false;
    const next = rows[Math.min(row, rows.length - 1)];
    (next ? next.querySelector(".row-title") : document.getElementById("archive-search")).focus();
  }

  function query(sought) {
    const fields = new URLSearchParams();
    for (const key of ["q", "status", "cycles"]) if (sought[key]) fields.set(key, sought[key]);
    if (sought.page > 1) fields.set("page", sought.page);
    return fields.toString();
  }

  // Typing changes the entry in the history, a choice makes one.
  const address = (sought) => {
    const skip = window.dash_clientside.no_update;
    window.setTimeout(settle, SHOWN);
    if (!sought || window.location.pathname.replace(/\/+$/, "") !== "/archive") return skip;
    const now = new URLSearchParams(window.location.search), next = query(sought);
    const chosen = (now.get("q") || "") === sought.q && !sought.first;
    if (next !== now.toString()) {
      const to = "/archive" + (next ? "?" + next : "");
      if (chosen && Number(now.get("page") || 1) !== sought.page) window.scrollTo(0, 0);
      window.history[chosen ? "pushState" : "replaceState"](null, "", to);
    }
    return skip;
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest && event.target.closest("#archive-delete")) doomed = true;
  });

  // Back, Forward and the page's own link change the address under the page.
  for (const kind of ["popstate", "_dashprivate_pushstate"]) {
    window.addEventListener(kind, () => {
      const path = window.location.pathname;
      if (path.replace(/\/+$/, "") !== "/archive" || !document.getElementById("archive-table")) return;
      window.dash_clientside.set_props("visit", { data: window.dash_clientside.eqpp.visit(path) });
    });
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, { eqppArchive: { address } });
})();
