// The archive's address says what is looked for, so that it can be shared, and Back finds it again.
(function () {
  "use strict";

  function query(sought) {
    const fields = new URLSearchParams();
    for (const key of ["q", "status", "cycles"]) if (sought[key]) fields.set(key, sought[key]);
    if (sought.page > 1) fields.set("page", sought.page);
    return fields.toString();
  }

  // Typing changes the entry in the history, a choice makes one.
  const address = (sought) => {
    const skip = window.dash_clientside.no_update;
    if (!sought || window.location.pathname.replace(/\/+$/, "") !== "/archive") return skip;
    const now = new URLSearchParams(window.location.search), next = query(sought);
    const chosen = (now.get("q") || "") === sought.q && !sought.first;
    if (next !== now.toString()) {
      const to = "/archive" + (next ? "?" + next : "");
      window.history[chosen ? "pushState" : "replaceState"](null, "", to);
    }
    return skip;
  };

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
