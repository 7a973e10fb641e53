// The field of the points that trajectories go through: what was typed and is no point stays in
// it, to be mended, and is marked until it is; the points are its tags.
(function () {
  "use strict";
  let faulty = null; // what stands in the field and is no point, and what is wrong with it

  const field = () => document.getElementById("starts");
  const typed = () => (field() === null ? "" : field().value.trim());
  const split = (tags) => [...new Set(
    tags.flatMap((text) => String(text).split(";")).map((text) => text.trim()).filter(Boolean))];

  // As if it were typed: the component keeps its text to itself.
  function write(text) {
    const input = field();
    if (input === null || input.value === text) return;
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(input, text);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // Before what is being typed, if anything is.
  function putBack(bad, said) {
    const text = split([...bad, typed()]).join("; ");
    faulty = { text, said };
    write(text);
  }

  function forget() {
    const mended = faulty !== null;
    faulty = null;
    write("");
    if (mended) window.dispatchEvent(new Event("eqpp-mended"));
  }

  document.addEventListener("input", (event) => {
    if (event.target.id !== "starts" || faulty === null || typed() === faulty.text) return;
    faulty = null;
    window.dispatchEvent(new Event("eqpp-mended"));
  });

  window.eqppPoints = {
    split, typed, putBack, forget, said: () => (faulty === null ? "" : faulty.said),
  };
})();
