// The workbench in the browser: gathers what is asked, sends one request at a time (the latest
// wins), keeps the address in step. It holds no result.
(function () {
  "use strict";
  const TEXT_DELAY = 250; // ms after the last key before the equations are read
  const SOON = 15; // ms to let changes that belong together arrive together
  const PATIENCE = 8000; // ms after which an answer is given up
  const NEAR = 10; // px within which a click is meant for an equilibrium
  const SHORT_ENOUGH = 1900; // characters that a link may have

  const lane = {
    seq: 0,
    busy: false,
    guard: null,
    timer: null,
    form: null, // the form as it is now
    look: null, // colour scheme and screen
    sent: null, // the form as last sent, as text
    text: null, // the equations as last sent
    again: false, // send even if nothing changed
    clicks: [],
    came: null, // what was opened: its title, its equations, its window
    fitted: null, // limits that the page wrote into the window's fields
    shown: null, // limits of the picture on screen
    placed: null, // the job that the page ordered, and its question
  };

  const store = (id, data) => window.dash_clientside.set_props(id, { data });
  const root = document.documentElement;
  const theme = () => (
    root.getAttribute("data-mantine-color-scheme") === "dark" ? "dark" : "light");
  const phone = () => window.matchMedia("(max-width: 700px)").matches;

  // Tells whoever cannot see it that the picture is being drawn.
  function tellBusy(busy) {
    const frame = document.getElementById("picture-frame");
    if (frame) frame.setAttribute("aria-busy", String(busy));
  }

  function soon(delay) {
    window.clearTimeout(lane.timer);
    lane.timer = window.setTimeout(pump, delay);
    tellBusy(true);
  }

  function begin() {
    lane.busy = true;
    lane.seq += 1;
    window.clearTimeout(lane.guard);
    lane.guard = window.setTimeout(late, PATIENCE);
    return lane.seq;
  }

  function late() {
    if (lane.shown === null) {
      const say = (id, children) => window.dash_clientside.set_props(id, { children });
      say("picture-badge", "No preview yet");
      say("picture-caption", "It takes longer than usual; Compute does not wait for it");
    }
    release();
  }

  function release() {
    window.clearTimeout(lane.guard);
    lane.busy = false;
    pump();
  }

  function pump() {
    if (lane.busy || lane.form === null) return;
    const form = JSON.stringify([lane.form, lane.look]);
    if (lane.again || form !== lane.sent) {
      lane.again = false;
      lane.sent = form;
      const seq = begin();
      if (lane.form.equations !== lane.text) {
        lane.text = lane.form.equations;
        store("question", { seq, text: lane.text });
      }
      store("draft", { seq, form: lane.form, ...lane.look });
    } else if (lane.clicks.length) {
      const at = lane.clicks.shift();
      store("click", { seq: begin(), at, window: lane.shown, form: lane.form, ...lane.look });
    }
    tellBusy(lane.busy);
  }

  // A limit that the user changed is no longer fitted; one that the page wrote is.
  function userMoved(limits) {
    return lane.fitted !== null && JSON.stringify(limits) !== JSON.stringify(lane.fitted);
  }

  function writeLimits(limits) {
    lane.fitted = limits;
    const ids = [["window-x-low", "window-x-high"], ["window-y-low", "window-y-high"]];
    ids.forEach((pair, i) => pair.forEach((id, j) => {
      window.dash_clientside.set_props(id, { value: limits[i][j] });
    }));
  }

  function address(state, row, aspect) {
    let hash = "#s=" + state;
    if (aspect && aspect !== "auto") hash += "&a=" + aspect;
    if (row) hash += "&p=" + row;
    return hash;
  }

  const visit = (path) => ({ path, theme: theme(), phone: phone() });

  const go = (path) => {
    if (path) window.location.assign(path);
    return window.dash_clientside.no_update;
  };

  function arrive() {
    lane.sent = null;
    lane.fitted = null;
    lane.clicks = [];
    return { hash: window.location.hash, n: Date.now() };
  }

  // The figure follows the page's colours, and the screen when it is turned.
  function lookAgain() {
    const now = { theme: theme(), phone: phone() };
    if (lane.look === null || JSON.stringify(now) === JSON.stringify(lane.look)) return;
    lane.look = now;
    soon(SOON);
  }

  let scheme = theme();
  new MutationObserver(() => {
    if (theme() === scheme) return;
    scheme = theme();
    lookAgain();
    window.dispatchEvent(new Event("eqpp-scheme"));
  }).observe(root, { attributes: true, attributeFilter: ["data-mantine-color-scheme"] });
  window.addEventListener("resize", lookAgain);

  window.addEventListener("popstate", () => {
    if (document.querySelector(".workbench")) store("arrival", arrive());
  });

  // Links of the page's own are followed without an event of the browser.
  window.addEventListener("_dashprivate_pushstate", () => {
    if (window.location.pathname === "/" && document.querySelector(".workbench")) {
      store("arrival", arrive());
    }
  });

  // Whether a text is another one, rather than the old one with a change in it.
  function isNew(text, old) {
    const shorter = Math.min(text.length, old.length);
    let kept = 0, tail = 0;
    while (kept < shorter && text[kept] === old[kept]) kept += 1;
    while (tail < shorter - kept &&
      text[text.length - 1 - tail] === old[old.length - 1 - tail]) tail += 1;
    return kept + tail < Math.max(text.length, old.length) / 2;
  }

  const gather = (origin, title, equations, fit, xLow, xHigh, yLow, yHigh, aspect, method, span,
    rtol, atol, starts, values) => {
    const skip = window.dash_clientside.no_update;
    if (origin === undefined || origin === null) return skip;
    const limits = [[xLow, xHigh], [yLow, yHigh]];
    if (fit && userMoved(limits)) {
      lane.fitted = null;
      fit = false;
      window.dash_clientside.set_props("window-fit", { checked: false });
    }
    const list = window.dash_clientside.callback_context.inputs_list;
    const parameters = {}, known = {};
    list[list.length - 1].forEach((item) => { parameters[item.id.name] = item.value; });
    const states = window.dash_clientside.callback_context.states_list;
    states[0].forEach((item) => { known[item.id.name] = item.value; });
    const typed = lane.form !== null && lane.form.origin === origin &&
      lane.form.equations !== equations;
    if (lane.came === null || lane.came.origin !== origin) {
      lane.came = { origin, title, equations, limits };
    } else if (equations !== lane.came.equations) {
      if (title && title === lane.came.title) { // it named the system that was opened
        title = "";
        window.dash_clientside.set_props("title", { value: "" });
      }
      if (!fit && isNew(equations || "", lane.came.equations || "") &&
        JSON.stringify(limits) === JSON.stringify(lane.came.limits)) {
        fit = true;
        window.dash_clientside.set_props("window-fit", { checked: true });
      }
    }
    lane.form = {
      origin, title: title || "", equations: equations || "", parameters, known,
      limits: fit ? null : limits, aspect, method, span, rtol, atol, starts: starts || [],
    };
    lane.look = { theme: theme(), phone: phone() };
    soon(typed ? TEXT_DELAY : SOON);
    return skip;
  };

  // The job's panel steps back while another question than the job's is shown.
  function tellOther(state, row) {
    const panel = document.getElementById("job");
    if (panel === null || lane.placed === null) return;
    if (!lane.placed.fresh && !lane.placed.met) lane.placed.state = state; // as the form says it
    lane.placed.met = true;
    const own = state === lane.placed.state || (row !== null && row === lane.placed.row);
    panel.toggleAttribute("data-other", !own);
  }

  // The components of an entry of the form, by the name that errors give it.
  function entries(field) {
    const [first, name] = [field.split(".")[0], field.split(".").slice(1).join(".")];
    if (first === "parameters") return [{ type: "parameter-value", name }];
    if (first === "options") return ["option-" + name];
    if (field === "time.span") return ["option-span"];
    if (first === "initial_conditions") return ["starts"];
    if (first !== "window") return [];
    const second = document.querySelector("#window-y-name [data-name]");
    const axis = second && second.dataset.name === name ? "y" : "x";
    return ["low", "high"].map((end) => "window-" + axis + "-" + end);
  }

  function mark(field, said) {
    const set = (id, error) => window.dash_clientside.set_props(id, { error });
    (lane.marked || []).forEach((id) => set(id, false));
    lane.marked = entries(field || "");
    lane.marked.forEach((id) => set(id, id === "starts" ? said : true));
  }

  // A point that is none goes, what is wrong with it stays.
  function dropPoints() {
    lane.form = { ...lane.form, starts: lane.points || [] };
    lane.sent = JSON.stringify([lane.form, lane.look]);
    window.dash_clientside.set_props("starts", { value: lane.form.starts });
    window.dash_clientside.set_props("picture-frame", { className: "picture-frame fresh" });
  }

  const settle = (drawn) => {
    if (!drawn || drawn.seq !== lane.seq) return window.dash_clientside.no_update;
    mark(drawn.field, drawn.said);
    if ((drawn.field || "").startsWith("initial_conditions")) dropPoints();
    if (drawn.state !== null) {
      lane.points = JSON.parse(lane.sent)[0].starts;
      tellOther(drawn.state, drawn.row);
      lane.shown = drawn.limits;
      const placed = lane.placed && lane.placed.state === drawn.state ? lane.placed.row : null;
      const hash = address(drawn.state, drawn.row || placed, lane.form.aspect);
      if (hash !== window.location.hash) window.history.replaceState(null, "", hash);
      if (lane.form.limits === null && drawn.limits) writeLimits(drawn.limits);
    }
    release();
    return window.dash_clientside.no_update;
  };

  const traced = (answer) => {
    const skip = window.dash_clientside.no_update;
    if (!answer || answer.seq !== lane.seq) return skip;
    if (answer.state !== null) {
      lane.form = { ...lane.form, starts: answer.starts };
      lane.points = answer.starts;
      tellOther(answer.state, null);
      lane.sent = JSON.stringify([lane.form, lane.look]);
      window.history.replaceState(null, "", address(answer.state, null, lane.form.aspect));
    }
    release();
    return answer.state === null ? skip : answer.starts;
  };

  // A click is no finer than the screen: a point that reads well.
  function tidy(value, limits) {
    const span = Math.abs(Number(limits[1]) - Number(limits[0]));
    const digits = Math.max(0, Math.min(15, 3 - Math.floor(Math.log10(span))));
    return Number.isFinite(digits) ? Number(value.toFixed(digits)) : value;
  }

  function onEquilibrium(at) {
    const graph = document.querySelector("#picture .js-plotly-plot");
    if (graph === null || !graph._fullLayout) return false;
    const { xaxis, yaxis } = graph._fullLayout;
    return graph._fullData.some((trace) => trace.visible === true && trace.meta &&
      trace.meta.equilibria && Array.from(trace.x).some((x, i) => Math.hypot(
        xaxis.l2p(x) - xaxis.l2p(at[0]), yaxis.l2p(trace.y[i]) - yaxis.l2p(at[1])) <= NEAR));
  }

  // Plotly tells where it last saw the pointer hover, which a quick hand has left by then: so
  // note where the button was let go over the plane, and take these places in turn.
  const presses = [];
  let down = null;
  document.addEventListener("pointerdown", (event) => {
    const inside = event.target.closest && event.target.closest("#picture .nsewdrag");
    down = inside ? [event.clientX, event.clientY] : null;
  }, true);
  document.addEventListener("pointerup", (event) => {
    if (down === null) return; // plotly covers the page while a button is down: no look at the target
    if (Math.hypot(event.clientX - down[0], event.clientY - down[1]) < 5) {
      presses.push({ at: down, when: performance.now() });
    }
    down = null;
  }, true);

  // Two quick clicks may reach the page as one event: all places noted by then are taken.
  function pressed(data) {
    const graph = document.querySelector("#picture .js-plotly-plot");
    const recent = presses.splice(0).filter((press) => performance.now() - press.when < 3000);
    if (!recent.length || graph === null) return [[data.xvals[0], data.yvals[0]]];
    const { xaxis, yaxis } = graph._fullLayout;
    const box = graph.getBoundingClientRect();
    return recent.map(({ at }) => [xaxis.p2l(at[0] - box.left - xaxis._offset),
      yaxis.p2l(at[1] - box.top - yaxis._offset)]);
  }

  const clicked = (data) => {
    const skip = window.dash_clientside.no_update;
    if (!data || !data.xvals || !data.yvals || lane.shown === null) return skip;
    for (const at of pressed(data)) {
      if (onEquilibrium(at) || !at.every(Number.isFinite)) continue;
      lane.clicks.push(at.map((value, i) => tidy(value, lane.shown[i])));
    }
    pump();
    return skip;
  };

  const compute = (clicks) => {
    if (!clicks || lane.form === null) return window.dash_clientside.no_update;
    return { n: clicks, form: lane.form };
  };

  const place = (placed) => {
    if (placed && document.querySelector(".permanent")) {
      window.location.assign("/p/" + placed.row); // another row, another page
    } else if (placed && placed.state) {
      lane.placed = { ...placed };
      if (placed.fresh) document.getElementById("job").removeAttribute("data-other");
      const hash = address(placed.state, placed.row, lane.form ? lane.form.aspect : null);
      if (hash !== window.location.hash) {
        window.history[placed.fresh ? "pushState" : "replaceState"](null, "", hash);
      }
    }
    return window.dash_clientside.no_update;
  };

  // Dash tells callbacks without output apart by their inputs alone: one for all pages.
  const landed = (result) => {
    if (result) window.dispatchEvent(new Event("eqpp-landed"));
    if (result && lane.form !== null) {
      lane.again = true;
      soon(0);
    }
    return window.dash_clientside.no_update;
  };

  const clear = (clicks) => (clicks ? [] : window.dash_clientside.no_update);

  // Slider, value and range of one parameter follow each other.
  const parameter = (slider, value, low, high) => {
    const skip = window.dash_clientside.no_update;
    const context = window.dash_clientside.callback_context;
    const by = (context.triggered_id || {}).type;
    if (by === "parameter-slider") {
      return [skip, String(Number(Number(slider).toPrecision(10))), skip, skip, skip, skip, skip];
    }
    let least = read(low), most = read(high);
    const ends = [skip, skip];
    const number = read(value);
    if (number !== null && (by === undefined || by === "parameter-value")) {
      const far = Number((2 * number).toPrecision(2));
      if (least !== null && number < least) ends[0] = String(least = number < 0 ? far : 0);
      if (most !== null && number > most) ends[1] = String(most = number > 0 ? far : 0);
    }
    const limits = least !== null && most !== null && least < most
      ? [least, most, (most - least) / 200] : [skip, skip, skip];
    return [number === null ? skip : number, skip, ...limits, ...ends];
  };

  function read(text) {
    const parts = String(text === undefined || text === null ? "" : text).split("/");
    if (parts.length > 2 || parts.some((part) => part.trim() === "")) return null;
    const number = parts.length === 2 ? Number(parts[0]) / Number(parts[1]) : Number(parts[0]);
    return Number.isFinite(number) ? number : null;
  }

  async function shortened(url) {
    const state = new URLSearchParams(window.location.hash.slice(1)).get("s");
    if (url.length <= SHORT_ENOUGH || !state) return url;
    const answer = await fetch("/s", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ state }),
    });
    return answer.ok ? window.location.origin + (await answer.json()).path : url;
  }

  async function toClipboard(text) {
    if (navigator.clipboard && window.isSecureContext) {
      await navigator.clipboard.writeText(text);
      return;
    }
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "off-screen";
    document.body.appendChild(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }

  const copyLink = async (clicks) => {
    const skip = window.dash_clientside.no_update;
    if (!clicks) return [skip, skip];
    const url = await shortened(window.location.href);
    let said = "Copied";
    try {
      await toClipboard(url);
    } catch (refused) {
      said = "Copy the address bar";
    }
    window.setTimeout(() => {
      window.dash_clientside.set_props("copy-link-done", { children: "" });
    }, 2500);
    return [said, url];
  };

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    eqpp: {
      theme, visit, go, arrive, gather, settle, traced, clicked, compute, place, landed, clear, parameter, copyLink,
    },
  });
})();
