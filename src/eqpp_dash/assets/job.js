// The job panel: says what the status store holds, and arms the watch again when it falls silent.
(function () {
  "use strict";
  const SILENCE = 3500; // ms
  const OVER = ["finished", "failed", "cancelled"];
  const COLOURS = {
    queued: "gray", running: "ocean", finished: "teal", failed: "red", cancelled: "orange",
  };
  let beat = 0;

  function seconds(value) {
    if (value === null || value === undefined || value < 0) return "";
    if (value < 60) return value.toFixed(1) + " s";
    const whole = Math.round(value);
    return Math.floor(whole / 60) + " min " + (whole % 60) + " s";
  }

  function place(status) {
    if (status.status !== "queued") return "";
    const ahead = status.queue_place;
    if (ahead === undefined) return ""; // not told yet
    if (!ahead) return "next in the queue";
    return ahead === 1 ? "1 job ahead" : ahead + " jobs ahead";
  }

  // Before a worker has it, and after the end, the status speaks; in between, the progress.
  function says(status, tries) {
    if (!status.status) return "Asking how it stands";
    if (status.status === "queued") return "Waiting for a free worker";
    if (status.status === "cancelled") return "Cancelled";
    if (status.status === "failed") return "Failed" + tries;
    if (status.stopped) return status.stopped[0].toUpperCase() + status.stopped.slice(1);
    if (status.status === "finished") return "Computed" + tries;
    return "Starting" + tries;
  }

  // A button that vanishes, pressed or not, gives the focus to what tells how the job stands.
  const BUTTONS = ["job-keep", "job-cancel", "job-again"];
  let held = null; // the button of the job that has the focus, or had it when it vanished

  document.addEventListener("focusin", (event) => {
    held = BUTTONS.includes(event.target.id) ? event.target : null;
  });
  document.addEventListener("pointerdown", (event) => {
    if (held !== null && !held.contains(event.target)) held = null;
  });

  function handOver() {
    const now = document.activeElement;
    if (held === null || (now !== held && now !== document.body && now !== null)) return;
    if (held.isConnected && held.offsetParent !== null && !held.disabled) return;
    const places = ["job-phase", "compute", "page"].map((id) => document.getElementById(id));
    const next = places.find((item) => item !== null && item.offsetParent !== null);
    if (next) next.focus({ preventScroll: true });
  }

  const tell = (status, key) => {
    beat = Date.now();
    window.setTimeout(handOver, 100); // once the page shows it
    const own = status && key && status.id === key;
    const now = own ? status : { status: "" };
    const over = OVER.includes(now.status);
    const live = now.status === "running"; // then progress speaks
    const skip = window.dash_clientside.no_update;
    const tries = now.attempts > 1 ? ", attempt " + now.attempts : "";
    const share = now.status === "finished" ? 1 : over ? 0 : now.fraction || 0;
    const elapsed = own ? seconds(now.elapsed) : "";
    return [
      "panel job job-" + (now.status || "none") + (now.stopped ? " job-partial" : "") +
        (now.stopping ? " job-stopping" : "") + (key ? "" : " hidden"),
      now.stopped ? "partial" : now.status || "",
      now.stopped ? "violet" : COLOURS[now.status] || "gray",
      live ? skip : String(share), live ? skip : key ? says(now, tries) : "", live ? skip : "",
      place(now), elapsed,
      now.error || "", now.traceback || "",
      "job-details" + (now.traceback ? "" : " hidden"), key ? "/p/" + key : "/",
    ];
  };

  const arm = (ticks, key, status) => {
    const skip = window.dash_clientside.no_update;
    if (!key) return skip;
    const over = status && status.id === key && OVER.includes(status.status);
    if (over || Date.now() - beat < SILENCE) return skip;
    beat = Date.now();
    return key;
  };

  const begin = (row) => row || window.dash_clientside.no_update;

  // The permanent page draws itself again for a result, and for another colour scheme.
  function redraw() {
    if (!document.querySelector(".permanent")) return;
    const look = window.dash_clientside.eqpp.look();
    window.dash_clientside.set_props("permanent-look", { data: { ...look, n: Date.now() } });
  }
  window.addEventListener("eqpp-scheme", redraw);
  window.addEventListener("eqpp-landed", redraw);

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    eqppJob: { tell, arm, begin },
  });
})();
