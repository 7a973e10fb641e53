// The portrait in words: a sentence under the pointer or the focus shows in the figure what it is
// about; pressed, it goes on showing it, until it is pressed again or Escape is.
(function () {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const NEAR = 9; // px within which a separatrix begins at its saddle
  const RING = 13; // px, radius of the ring around a point

  let shown = null, pinned = null, bound = null;

  const sentence = (event) => (
    event.target.closest ? event.target.closest(".narrative [data-marks]") : null);
  const figure = () => {
    const graph = document.querySelector(".picture-frame .js-plotly-plot");
    return graph && graph._fullLayout && graph._fullLayout.xaxis ? graph : null;
  };

  // ---- what a mark looks like ----------------------------------------------------------------

  function place(graph, x, y) {
    const { xaxis, yaxis } = graph._fullLayout;
    return [xaxis.l2p(x), yaxis.l2p(y)];
  }

  // The curves of a trace that are drawn without a gap, in px.
  function pieces(graph, trace) {
    const found = [];
    let piece = [];
    for (let i = 0; i < trace.x.length; i += 1) {
      const at = place(graph, trace.x[i], trace.y[i]);
      if (at.every(Number.isFinite)) {
        if (!piece.length && trace.customdata) piece.number = trace.customdata[i];
        piece.push(at);
      }
      else if (piece.length) {
        found.push(piece);
        piece = [];
      }
    }
    return piece.length ? [...found, piece] : found;
  }

  const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

  function layer(graph, matches) {
    return graph._fullData.filter((trace) => trace.x && matches(trace));
  }

  function lines(graph, group) {
    return layer(graph, (trace) => trace.legendgroup === group && trace.mode === "lines")
      .flatMap((trace) => pieces(graph, trace));
  }

  // Orbits that connect equilibria: double lines, of which the outer ones are numbered.
  function links(graph) {
    return layer(graph, (trace) => trace.customdata &&
      ["homoclinic", "heteroclinic"].includes(trace.legendgroup))
      .flatMap((trace) => pieces(graph, trace));
  }

  function way(found, closed) {
    return found.map((piece) => "M" + piece.map(
      (at) => at[0].toFixed(1) + "," + at[1].toFixed(1)).join("L") + (closed ? "Z" : "")).join("");
  }

  const shapes = {
    point: (graph, x, y) => {
      const at = place(graph, x, y);
      return [["circle", { cx: at[0], cy: at[1], r: RING, class: "mark-ring" }]];
    },
    // a point beyond the window: an arrow head at the border, where the line to it crosses
    beyond: (graph, x, y) => {
      const { xaxis, yaxis } = graph._fullLayout;
      const middle = [xaxis._length / 2, yaxis._length / 2], at = place(graph, x, y);
      const [dx, dy] = [at[0] - middle[0], at[1] - middle[1]];
      if (![dx, dy].every(Number.isFinite)) return [];
      const share = Math.min((middle[0] - 4) / Math.abs(dx), (middle[1] - 4) / Math.abs(dy));
      const angle = (Math.atan2(dy, dx) * 180) / Math.PI;
      const tip = [middle[0] + share * dx, middle[1] + share * dy].map((v) => v.toFixed(1));
      return [["path", { d: "M0,0L-16,-8L-16,8Z", class: "mark-beyond",
        transform: "translate(" + tip + ") rotate(" + angle.toFixed(1) + ")" }]];
    },
    cycle: (graph, number) => {
      const drawn = layer(graph, (trace) => trace.meta && trace.meta.cycle === number);
      return [curve(drawn.flatMap((trace) => pieces(graph, trace)))];
    },
    branch: (graph, sort, x, y) => {
      const at = place(graph, x, y);
      const ends = (piece) => apart(piece[0], at) <= NEAR || apart(piece.at(-1), at) <= NEAR;
      // one that connects is both, and leaves its saddle or comes to it
      const both = links(graph).filter(
        (piece) => apart(sort === "unstable" ? piece[0] : piece.at(-1), at) <= NEAR);
      const own = [...lines(graph, sort).filter(ends), ...both];
      // a stable separatrix that nearly connects is drawn as the unstable one beside it
      return [curve(own.length ? own : lines(graph, "unstable").filter(ends))];
    },
    link: (graph, number, x, y, toX, toY) => {
      const known = links(graph).filter((piece) => piece.number === number);
      if (known.length) return [curve(known)];
      const [from, to] = [place(graph, x, y), place(graph, toX, toY)];
      return [curve([...links(graph), ...lines(graph, "unstable")].filter(
        (piece) => apart(piece[0], from) <= NEAR && apart(piece.at(-1), to) <= NEAR))];
    },
    group: (graph, name) => layer(graph, (trace) => trace.legendgroup === name).map((trace) => {
      const filled = trace.fill === "toself";
      if (trace.mode === "markers") return dots(graph, trace);
      return ["path", { d: way(pieces(graph, trace), filled),
        class: filled ? "mark-area" : "mark-curve" }];
    }),
    window: (graph) => {
      const { xaxis, yaxis } = graph._fullLayout;
      return [["rect", { x: 1, y: 1, width: xaxis._length - 2, height: yaxis._length - 2,
        class: "mark-frame" }]];
    },
  };

  function curve(found) {
    return ["path", { d: way(found, false), class: "mark-curve" }];
  }

  function dots(graph, trace) {
    const found = pieces(graph, trace).flat();
    const ways = found.map((at) => "M" + at[0].toFixed(1) + "," + at[1].toFixed(1) + "h0.01");
    return ["path", { d: ways.join(""), class: "mark-curve" }];
  }

  // ---- showing it ----------------------------------------------------------------------------

  function wipe() {
    document.querySelectorAll(".marks").forEach((item) => item.remove());
  }

  function draw() {
    wipe();
    if (pinned !== null && !pinned.isConnected) pinned = null; // it told of another portrait
    if (shown !== null && !shown.isConnected) shown = null;
    const about = shown || pinned, graph = figure();
    if (about === null || graph === null) return;
    follow(graph);
    const ground = graph.querySelector(".scatterlayer");
    if (!ground) return;
    const marks = ground.parentNode.appendChild(document.createElementNS(SVG, "g"));
    marks.setAttribute("class", "marks");
    const drawn = ground.querySelector("[clip-path]");
    const inside = marks.appendChild(document.createElementNS(SVG, "g"));
    if (drawn) inside.setAttribute("clip-path", drawn.getAttribute("clip-path"));
    const known = JSON.parse(about.dataset.marks);
    const points = known.filter((mark) => mark[0] === "point").map(
      (mark) => (onPlane(graph, mark) ? mark : ["beyond", mark[1], mark[2]]));
    for (const [sort, ...values] of [...known.filter((mark) => mark[0] !== "point"), ...points]) {
      for (const [name, attributes] of shapes[sort](graph, ...values)) {
        const parent = sort === "point" || sort === "beyond" ? marks : inside;
        const shape = parent.appendChild(document.createElementNS(SVG, name));
        for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
      }
    }
  }

  function onPlane(graph, mark) {
    const at = place(graph, mark[1], mark[2]), { xaxis, yaxis } = graph._fullLayout;
    return at[0] > -2 && at[1] > -2 && at[0] < xaxis._length + 2 && at[1] < yaxis._length + 2;
  }

  // The figure is drawn anew when it is zoomed, resized or replaced.
  function follow(graph) {
    if (bound === graph._ev) return;
    bound = graph._ev;
    graph.on("plotly_afterplot", () => {
      const stands = document.querySelector(".marks") !== null;
      if (stands || shown !== null || pinned !== null) draw();
    });
  }

  function show(item) {
    if (shown === item) return;
    shown = item;
    draw();
  }

  function pin(item) {
    if (pinned !== null) pinned.setAttribute("aria-pressed", "false");
    pinned = pinned === item ? null : item;
    if (pinned === null) shown = null;
    else pinned.setAttribute("aria-pressed", "true");
    draw();
    const graph = figure();
    if (pinned === null || graph === null) return;
    const box = graph.getBoundingClientRect();
    if (box.bottom < 0.5 * box.height || box.top > window.innerHeight - 0.5 * box.height) {
      const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      graph.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
    }
  }

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "mouse") show(sentence(event));
  });
  document.addEventListener("focusin", (event) => show(sentence(event)));
  document.addEventListener("focusout", () => show(null));
  document.addEventListener("click", (event) => {
    const item = sentence(event);
    if (item) pin(item);
  });
  document.addEventListener("keydown", (event) => {
    const item = sentence(event);
    if (event.key === "Escape" && pinned !== null) pin(pinned);
    if (!item || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    pin(item);
  });
})();
