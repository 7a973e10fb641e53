// The workbench in the browser: gathers what is asked, sends one request at a time (the latest
// wins), keeps the address in step. It holds no result.
(function () {
  "use strict";
  const TEXT_DELAY = 250; // ms after the last key before the equations are read
  const REFILL_DELAY = 600; // ms in which a limit that was emptied may get another one
  const SOON = 15; // ms to let changes that belong together arrive together
  const PATIENCE = 8000; // ms after which an answer is given up
  const FRAME = 20; // ms in which the browser has painted
  const NEAR = 10; // px within which a click is meant for an equilibrium
  const SHORT_ENOUGH = 1900; // characters that a link may have
  const points = window.eqppPoints; // the field of the trajectories' points
  const SVG = "http://www.w3.org/2000/svg";

  const lane = {
    seq: 0,
    busy: false,
    guard: null,
    timer: null,
    form: null, // the form as it is now
    asked: null, // the form that the request under way is about
    asking: null, // the same with the look, as text
    ordered: null, // the form of the job that was ordered last, as text
    marked: [], // entries shown as wrong
    look: null, // colour scheme and screen
    sent: null, // the form as last sent, as text
    text: null, // the equations as last sent
    again: false, // send even if nothing changed
    clicks: [],
    came: null, // what was opened: its title, its equations, its window
    fitted: null, // limits that the page wrote into the window's fields
    written: null, // limits that stood there when fitting began, or were written since
    shown: null, // limits of the picture on screen
    arriving: true, // until the first picture of what an address asks for
    placed: null, // the job that the page ordered, and its question
  };

  // Components leave the page, together with controls or with the page itself.
  function set(id, props) {
    try {
      window.dash_clientside.set_props(id, props);
    } catch (gone) {
      return false;
    }
    return true;
  }

  const store = (id, data) => set(id, { data });
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

  // Nothing came: say so, and let the next event ask for all of it again.
  function late() {
    if (lane.shown === null) {
      set("picture-badge", { children: "No preview yet" });
      set("picture-caption", {
        children: "It takes longer than usual; Compute does not wait for it",
      });
    } else {
      set("picture-message", {
        children: "No answer from the server yet; this is the last picture",
      });
      set("picture-frame", { className: "picture-frame stale" });
    }
    const waiting = JSON.stringify([lane.form, lane.look]) !== lane.sent || lane.clicks.length;
    lane.sent = lane.text = null;
    lane.busy = false;
    if (waiting) pump();
    else tellBusy(false);
  }

  function release() {
    window.clearTimeout(lane.guard);
    lane.busy = false;
    pump();
  }

  function pump() {
    if (lane.busy || lane.form === null || !document.querySelector(".workbench")) return;
    const form = JSON.stringify([lane.form, lane.look]);
    if (lane.again || form !== lane.sent) {
      lane.again = false;
      lane.sent = lane.asking = form;
      lane.asked = lane.form;
      const seq = begin();
      if (lane.form.equations !== lane.text) {
        lane.text = lane.form.equations;
        store("question", { seq, text: lane.text });
      }
      store("draft", { seq, form: lane.form, empty: lane.shown === null, ...lane.look });
    } else if (lane.clicks.length) {
      const at = lane.clicks.shift();
      lane.asked = lane.form;
      const row = drawnRow();
      follow({ seq: begin(), at, row, window: lane.shown, form: lane.form, ...lane.look });
    }
    tellBusy(lane.busy);
  }

  // Row of the finished portrait that is on the screen: its limit cycles are known.
  function drawnRow() {
    const graph = document.querySelector("#picture .js-plotly-plot");
    return graph?.layout?.meta?.row ?? null;
  }

  // A limit that the user changed is no longer fitted; one that the page wrote is.
  function userMoved(limits) {
    return lane.fitted !== null && JSON.stringify(limits) !== JSON.stringify(lane.fitted);
  }

  // What the user has typed meanwhile stays, and the window is no longer fitted.
  function writeLimits(limits) {
    const ids = [["window-x-low", "window-x-high"], ["window-y-low", "window-y-high"]];
    const typed = (id, i, j) => {
      const field = document.getElementById(id);
      const own = String(lane.written?.[i]?.[j] ?? "");
      return field !== null && field.value !== own && field.value.trim() !== "";
    };
    const kept = ids.map((pair, i) => pair.map((id, j) => typed(id, i, j)));
    lane.fitted = limits;
    lane.written = limits;
    ids.forEach((pair, i) => pair.forEach((id, j) => {
      if (!kept[i][j]) set(id, { value: limits[i][j] });
    }));
    if (kept.flat().some(Boolean)) set("window-fit", { checked: false });
  }

  function address(state, row, aspect) {
    let hash = "#s=" + state;
    if (aspect && aspect !== "auto") hash += "&a=" + aspect;
    if (row) hash += "&p=" + row;
    return hash;
  }

  // An archived portrait keeps its entry in the history; a question on the way to one does not.
  function setAddress(hash) {
    const now = window.location.hash;
    if (hash === now || window.location.pathname !== "/") return; // the page was left
    const state = (text) => new URLSearchParams(text.slice(1)).get("s");
    const leaves = !lane.arriving && /&p=/.test(now) && state(now) !== state(hash);
    window.history[leaves ? "pushState" : "replaceState"](null, "", hash);
  }

  const look = () => ({ theme: theme(), phone: phone() });

  const visit = (path) => ({ path, query: window.location.search, ...look() });

  // The browser's tab, and its history, name what the page is about.
  const tab = (about) => {
    document.title = (about ? about + " · " : "") + "EQPP Dash";
    return window.dash_clientside.no_update;
  };

  const go = (path) => {
    if (path) window.location.assign(path);
    return window.dash_clientside.no_update;
  };

  // What was under way belongs to the page, or the address, that was left.
  function arrive() {
    window.clearTimeout(lane.guard);
    window.clearTimeout(lane.timer);
    Object.assign(lane, {
      seq: lane.seq + 1, busy: false, form: null, asked: null, ordered: null, sent: null, text: null,
      fitted: null, written: null, shown: null, placed: null, clicks: [], again: false,
      arriving: true,
    });
    points.forget();
    return { hash: window.location.hash, n: Date.now() };
  }

  // The figure follows the page's colours, and the screen when it is turned.
  function lookAgain() {
    const now = look();
    if (lane.look === null || lane.form === null || JSON.stringify(now) === JSON.stringify(lane.look)) return;
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

  // Links of the page's own are followed without an event of the browser.
  for (const kind of ["popstate", "_dashprivate_pushstate"]) {
    window.addEventListener(kind, () => {
      if (window.location.pathname === "/" && document.querySelector(".workbench")) {
        store("arrival", arrive());
      }
    });
  }

  // The address is the question: skipping to the page must not change it.
  document.addEventListener("click", (event) => {
    if (!event.target.closest || !event.target.closest(".skip")) return;
    event.preventDefault();
    document.getElementById("page").focus();
  });

  // The export menu by keyboard: Mantine moves the focus only in menus that are made anew.
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("#export");
    if (!button || event.detail !== 0) return; // a mouse has no need
    window.setTimeout(() => {
      const item = document.querySelector("#export-items [role=menuitem]");
      if (item && button.closest("[aria-expanded=true]")) item.focus();
    }, 150);
  });
  document.addEventListener("keydown", (event) => {
    const button = document.querySelector("[aria-expanded=true] > #export");
    if (event.key !== "Escape" || button === null) return;
    button.click();
    button.focus();
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
    rtol, atol, starts, basins, values) => {
    const skip = window.dash_clientside.no_update;
    if (origin === undefined || origin === null) return skip;
    const tags = points.split(starts || []);
    if (tags.length !== (starts || []).length) set("starts", { value: tags }); // some held several
    const limits = [[xLow, xHigh], [yLow, yHigh]];
    if (fit && userMoved(limits)) {
      lane.fitted = null;
      fit = false;
      set("window-fit", { checked: false });
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
        set("title", { value: "" });
      }
      if (!fit && isNew(equations || "", lane.came.equations || "") &&
        JSON.stringify(limits) === JSON.stringify(lane.came.limits)) {
        fit = true;
        set("window-fit", { checked: true });
      }
    }
    if (fit && (lane.form === null || lane.form.limits !== null)) lane.written = limits;
    lane.form = {
      origin, title: title || "", equations: equations || "", parameters, known,
      limits: fit ? null : limits, aspect, method, span, rtol, atol, starts: tags,
      basins: basins === true,
    };
    lane.look = look();
    const emptied = !fit && limits.flat().some((text) => !String(text || "").trim());
    soon(emptied ? REFILL_DELAY : typed ? TEXT_DELAY : SOON);
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
    const [variable, end] = name.split(".");
    const axis = second && second.dataset.name === variable ? "y" : "x";
    return (end ? [end] : ["low", "high"]).map((one) => "window-" + axis + "-" + one);
  }

  function mark(field, said) {
    const before = lane.marked;
    lane.marked = entries(field || "");
    const point = lane.marked.includes("starts") ? said : points.said();
    if (point && !lane.marked.includes("starts")) lane.marked.push("starts");
    before.forEach((id) => set(id, { error: false }));
    lane.marked.forEach((id) => set(id, { error: id === "starts" ? point : true }));
    [...before, ...lane.marked].forEach((id) => describe(id, lane.marked.includes(id)));
  }

  // What is wrong with a field is told under the picture, and read out at the field.
  function describe(id, wrong) {
    const key = typeof id === "string" ? id : JSON.stringify(id, Object.keys(id).sort());
    const input = id === "starts" ? null : document.getElementById(key);
    if (input === null) return;
    if (wrong) input.setAttribute("aria-describedby", "picture-message");
    else input.removeAttribute("aria-describedby");
  }

  window.addEventListener("eqpp-mended", () => {
    set("starts", { error: false });
    if (points.typed() !== "" || lane.form === null) return;
    lane.again = true; // what was said of it under the picture goes too
    soon(SOON);
  });

  // Whether the form still says what the request that was answered says.
  const unchanged = () => JSON.stringify(lane.form) === JSON.stringify(lane.asked);

  // Points that are none are no tags, but text that waits to be mended.
  function dropPoints(starts, said) {
    if (!unchanged()) return; // the next request tells
    points.putBack(lane.form.starts.filter((text) => !starts.includes(text)), said);
    lane.form = { ...lane.form, starts };
    lane.asked = lane.form;
    lane.sent = JSON.stringify([lane.form, lane.look]);
    set("starts", { value: starts });
  }

  // Plotly (7.0) remembers an axis's first range and would stretch a new window to its shape.
  function forgetRanges() {
    const graph = document.querySelector("#picture .js-plotly-plot");
    if (graph === null || !graph._fullLayout || graph.eqppWindow !== undefined) return;
    graph.eqppWindow = graph._fullLayout.uirevision;
    graph.on("plotly_beforeplot", () => {
      const { uirevision, xaxis, yaxis } = graph._fullLayout;
      if (uirevision === graph.eqppWindow) return;
      graph.eqppWindow = uirevision;
      delete xaxis._inputRange;
      delete yaxis._inputRange;
    });
  }

  const settle = (drawn) => {
    if (!drawn || drawn.seq !== lane.seq) return window.dash_clientside.no_update;
    if (lane.sent === null) { // it was given up, and came
      lane.sent = lane.asking;
      lane.text = lane.asked.equations;
    }
    forgetRanges();
    mark(drawn.field, drawn.said);
    if (drawn.starts) dropPoints(drawn.starts, drawn.said);
    if (drawn.state !== null) {
      tellOther(drawn.state, drawn.row);
      tab(drawn.name);
      lane.shown = drawn.limits;
      const placed = lane.placed && lane.placed.state === drawn.state ? lane.placed.row : null;
      setAddress(address(drawn.state, drawn.row || placed, lane.form.aspect));
      lane.arriving = false;
      if (lane.form.limits === null && drawn.limits) writeLimits(drawn.limits);
    }
    release();
    return window.dash_clientside.no_update;
  };

  const FLOATS = { f4: Float32Array, f8: Float64Array };

  function numbers(values) {
    const bytes = Uint8Array.from(window.atob(values.bdata), (letter) => letter.charCodeAt(0));
    return new FLOATS[values.dtype](bytes.buffer);
  }

  // A new curve is on the screen at once; plotly, which draws everything anew, follows.
  function sketch(traces) {
    const graph = document.querySelector("#picture .js-plotly-plot");
    const lines = graph && graph.querySelector(".scatterlayer");
    if (!lines) return;
    const { xaxis, yaxis } = graph._fullLayout;
    const drawn = lines.querySelector(".js-line[clip-path]");
    const layer = lines.parentNode.appendChild(document.createElementNS(SVG, "g"));
    layer.setAttribute("class", "sketch");
    for (const trace of traces.filter((item) => item.mode === "lines")) {
      const [x, y] = [numbers(trace.x), numbers(trace.y)];
      let way = "", pen = "M";
      for (let i = 0; i < x.length; i += 1) {
        const [left, top] = [xaxis.l2p(x[i]), yaxis.l2p(y[i])];
        const known = Number.isFinite(left) && Number.isFinite(top);
        if (known) way += pen + left.toFixed(1) + "," + top.toFixed(1);
        pen = known ? "L" : "M";
      }
      const path = layer.appendChild(document.createElementNS(SVG, "path"));
      path.setAttribute("d", way);
      if (drawn) path.setAttribute("clip-path", drawn.getAttribute("clip-path"));
      path.style.fill = "none";
      path.style.stroke = trace.line.color;
      path.style.strokeWidth = trace.line.width + "px";
    }
    graph.once("plotly_afterplot", () => layer.remove());
  }

  // The new curve is drawn as soon as it is there; all else follows when it is on the screen.
  async function follow(click) {
    let parts = null;
    try {
      const answer = await fetch("/click", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(click),
      });
      if (answer.ok) parts = await answer.json();
    } catch (gone) {
      // said below
    }
    if (click.seq !== lane.seq) return;
    if (parts === null) {
      set("picture-message", { children: "No answer from the server; nothing was added" });
      release();
      return;
    }
    if (parts.traced.state !== null) sketch(parts.traced.traces);
    window.setTimeout(() => { // after the next frame
      if (click.seq !== lane.seq) return;
      set("picture-message", { children: parts.message });
      if (parts.traced.state === null) {
        release();
        return;
      }
      set("picture-badge", { children: parts.badge, color: parts.colour });
      set("picture-caption", { children: parts.caption });
      set("export-items", { children: parts.exports });
      store("traced", parts.traced);
    }, FRAME);
  }

  const traced = (answer, figure) => {
    const skip = window.dash_clientside.no_update;
    if (!answer || answer.seq !== lane.seq) return skip;
    if (unchanged()) {
      lane.form = { ...lane.form, starts: answer.starts };
      lane.sent = JSON.stringify([lane.form, lane.look]);
      tellOther(answer.state, null);
      setAddress(address(answer.state, null, lane.form.aspect));
    } else { // something else changed meanwhile, and is asked for next
      lane.form = { ...lane.form, starts: [...lane.form.starts, answer.starts.at(-1)] };
    }
    set("starts", { value: lane.form.starts });
    const data = [...figure.data];
    data.splice(figure.layout.meta.insert_at, 0, ...answer.traces);
    const meta = { ...figure.layout.meta,
      insert_at: figure.layout.meta.insert_at + answer.traces.length };
    set("picture", { figure: { ...figure, data, layout: { ...figure.layout, meta } } });
    release();
    return skip;
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

  // Plotly tells of a click where it last saw the pointer hover, which a quick hand has left by
  // then: so a click is where the pointer was pressed and let go over the plane.
  let down = null, last = null;
  document.addEventListener("pointerdown", (event) => {
    const inside = event.target.closest && event.target.closest("#picture .nsewdrag");
    down = inside && event.button === 0 ? [event.clientX, event.clientY] : null;
  }, true);
  document.addEventListener("pointercancel", () => { down = null; }, true);
  document.addEventListener("pointerup", (event) => {
    const at = down; // plotly covers the page while a button is down: no look at the target
    down = null;
    if (at === null || Math.hypot(event.clientX - at[0], event.clientY - at[1]) >= 5) return;
    const twice = last !== null && event.timeStamp - last.when < 500 &&
      Math.hypot(at[0] - last.at[0], at[1] - last.at[1]) < 5;
    last = { at, when: event.timeStamp };
    if (!twice) clicked(at);
  }, true);

  function clicked(place) {
    const graph = document.querySelector("#picture .js-plotly-plot");
    if (graph === null || !graph._fullLayout || lane.shown === null) return;
    const { xaxis, yaxis } = graph._fullLayout;
    const box = graph.getBoundingClientRect();
    const at = [xaxis.p2l(place[0] - box.left - xaxis._offset),
      yaxis.p2l(place[1] - box.top - yaxis._offset)];
    if (onEquilibrium(at) || !at.every(Number.isFinite)) return;
    lane.clicks.push(at.map((value, i) => tidy(value, [xaxis, yaxis][i].range)));
    pump();
  }

  const compute = (clicks) => {
    if (!clicks || lane.form === null) return window.dash_clientside.no_update;
    const starts = points.split([...lane.form.starts, points.typed()]);
    const form = { ...lane.form, starts };
    lane.ordered = JSON.stringify(form);
    return { n: clicks, form };
  };

  const place = (placed) => {
    if (placed && document.querySelector(".permanent")) {
      window.location.assign("/p/" + placed.row); // another row, another page
    } else if (placed && placed.state) {
      lane.placed = { ...placed };
      if (placed.fresh) document.getElementById("job").removeAttribute("data-other");
      setAddress(address(placed.state, placed.row, lane.form ? lane.form.aspect : null));
    }
    return window.dash_clientside.no_update;
  };

  // Dash tells callbacks without output apart by their inputs alone: one for all pages.
  const landed = (result) => {
    if (result) window.dispatchEvent(new Event("eqpp-landed"));
    if (result && lane.form !== null) {
      // a preview of what is now computed need not be waited for
      if (lane.busy && (lane.arriving || JSON.stringify(lane.asked) === lane.ordered)) {
        window.clearTimeout(lane.guard);
        lane.busy = false;
      }
      lane.again = true;
      soon(0);
    }
    return window.dash_clientside.no_update;
  };

  const clear = (clicks) => {
    if (!clicks) return window.dash_clientside.no_update;
    points.forget();
    return [];
  };

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

  // A link that is too long to be sent is kept by the server, which gives a short one.
  async function shortened(url) {
    const fields = new URLSearchParams(window.location.hash.slice(1));
    const state = fields.get("s");
    if (url.length <= SHORT_ENOUGH || !state) return url;
    const answer = await fetch("/s", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ state }),
    });
    if (!answer.ok) return url;
    const aspect = fields.get("a");
    return window.location.origin + (await answer.json()).path + (aspect ? "?a=" + aspect : "");
  }

  async function toClipboard(text) {
    if (navigator.clipboard && window.isSecureContext) {
      await navigator.clipboard.writeText(text);
      return;
    }
    const [area, focused] = [document.createElement("textarea"), document.activeElement];
    area.value = text;
    area.className = "off-screen";
    document.body.appendChild(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (focused) focused.focus();
    if (!done) throw new Error("the browser does not copy");
  }

  const copyLink = async (clicks) => {
    const skip = window.dash_clientside.no_update;
    if (!clicks) return [skip, skip];
    let url = window.location.href, said = "Copied";
    try {
      url = await shortened(url);
    } catch (offline) {
      said = "Copied, in its long form"; // the address says it all
    }
    try {
      await toClipboard(url);
    } catch (refused) {
      said = "Copy the address bar";
    }
    window.setTimeout(() => set("copy-link-done", { children: "" }), 2500);
    return [said, url];
  };

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    eqpp: {
      look, visit, tab, go, arrive, gather, settle, traced, compute, place, landed, clear,
      parameter, copyLink,
    },
  });
})();
