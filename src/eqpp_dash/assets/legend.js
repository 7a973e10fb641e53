// The legend by keyboard: each entry is a button that hides its layer and brings it back.
(function () {
  "use strict";
  let due = false, held = null; // whether a look is due; name of the entry that has the focus

  const button = (event) => (
    event.target.closest ? event.target.closest(".picture-frame .legendtoggle") : null);

  function dress() {
    due = false;
    document.querySelectorAll(".picture-frame .legend .traces").forEach((entry) => {
      const toggle = entry.querySelector(".legendtoggle");
      const trace = entry.__data__ && entry.__data__[0] && entry.__data__[0].trace;
      if (!toggle || !trace) return;
      const name = entry.querySelector("text")?.textContent || trace.name;
      const now = { tabindex: "0", role: "button", "aria-label": "Show " + name,
        "aria-pressed": String(trace.visible === true) };
      for (const [key, value] of Object.entries(now)) {
        if (toggle.getAttribute(key) !== value) toggle.setAttribute(key, value);
      }
      const lost = document.activeElement === document.body || document.activeElement === null;
      if (held === now["aria-label"] && lost) toggle.focus({ preventScroll: true });
    });
  }

  // Plotly writes the legend anew whenever it draws.
  new MutationObserver((changes) => {
    const told = changes.some((change) => change.target.closest &&
      change.target.closest(".legend, .infolayer, .picture-frame"));
    if (!told || due) return;
    due = true;
    window.requestAnimationFrame(dress);
  }).observe(document.documentElement, { childList: true, subtree: true });

  document.addEventListener("focusin", (event) => {
    held = button(event) ? button(event).getAttribute("aria-label") : null;
  });
  document.addEventListener("keydown", (event) => {
    const toggle = button(event);
    if (!toggle || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    for (const kind of ["mousedown", "mouseup"]) { // what plotly listens to
      toggle.dispatchEvent(new MouseEvent(kind, { bubbles: true, button: 0 }));
    }
    window.setTimeout(dress, 600); // it waits whether a second click follows
  });
})();
