"use strict";
(() => {
  const MODES = [["side", "Side by side"], ["slider", "Slider"], ["overlay", "Overlay"], ["difference", "Difference"]];
  const KEYS = [
    ["1 to 4", "side by side, slider, overlay, difference"],
    ["← →", "the image before, the next image; on the slider they move it"],
    ["+ − 0", "zoom in, zoom out, fit the window"],
    ["Esc", "close"],
    ["?", "this list"],
  ];
  // The range stands for the divider, the opacity of the image after, or how often the difference is amplified.
  const RANGES = {
    slider: { label: "Divider", min: 0, max: 100, value: 50, unit: " %" },
    overlay: { label: "Opacity of after", min: 0, max: 100, value: 50, unit: " %" },
    difference: { label: "Amplification", min: 1, max: 32, value: 8, unit: "×" },
  };
  const STORED = "bytefit-mode";

  const make = (tag, properties = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name in made) made[name] = value;
      else made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  };
  // Pages of files and in sandboxes may have no storage.
  const remembered = () => { try { return localStorage.getItem(STORED); } catch { return null; } };
  const remember = (mode) => { try { localStorage.setItem(STORED, mode); } catch { /* then it is for this time only */ } };

  const items = [...document.querySelectorAll("table.images tbody tr")].map((row) => {
    const link = row.querySelector("a");
    const card = document.getElementById(link.hash.slice(1));
    return { row, card, name: link.textContent, state: row.querySelector(".state").textContent };
  });
  const withPair = () => items.filter((item) => !item.row.hidden && item.card.querySelector("figure"));

  // ---- the list: filter and sort

  const addControls = () => {
    const place = document.getElementById("controls");
    const text = make("input", { type: "search", autocomplete: "off", spellcheck: false });
    const state = make("select", {}, make("option", { value: "" }, "all"));
    for (const one of [...new Set(items.map((item) => item.state))].sort()) state.append(make("option", { value: one }, one));
    const count = make("output", { role: "status" });
    const open = make("button", { type: "button", className: "button" }, "Compare");
    const filter = () => {
      const wanted = text.value.trim().toLowerCase();
      let shown = 0;
      for (const item of items) {
        const hidden = !item.name.toLowerCase().includes(wanted) || (state.value !== "" && item.state !== state.value);
        item.row.hidden = item.card.hidden = hidden;
        shown += hidden ? 0 : 1;
      }
      const all = items.length === 1 ? "1 image" : `${items.length} images`;
      count.textContent = shown === items.length ? all : `${shown} of ${all}`;
      open.disabled = withPair().length === 0;
    };
    text.addEventListener("input", filter);
    state.addEventListener("change", filter);
    open.addEventListener("click", () => viewer.open(withPair()[0]));
    place.className = "controls";
    if (items.length > 1) place.append(make("label", {}, "Name contains", text), make("label", {}, "State", state));
    place.append(open, count);
    filter();
  };

  const sortBy = (header, column, numeric) => {
    const headers = [...header.parentElement.children];
    const falls = header.getAttribute("aria-sort") ? header.getAttribute("aria-sort") === "ascending" : numeric;
    for (const one of headers) one.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", falls ? "descending" : "ascending");
    const key = (item) => {
      const cell = item.row.children[column];
      if (!numeric) return cell.textContent.toLowerCase();
      return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
    };
    const keys = new Map(items.map((item) => [item, key(item)]));
    items.sort((one, other) => {
      const [a, b] = [keys.get(one), keys.get(other)];
      if (a === b) return 0;
      if (a === null || b === null) return a === null ? 1 : -1;
      return (a < b ? -1 : 1) * (falls ? -1 : 1);
    });
    document.querySelector("table.images tbody").append(...items.map((item) => item.row));
    document.querySelector(".cards").append(...items.map((item) => item.card));
  };

  const addSorting = () => {
    const headers = [...document.querySelectorAll("table.images thead th")];
    headers.forEach((header, column) => {
      const button = make("button", { type: "button" }, header.textContent);
      header.replaceChildren(button);
      button.addEventListener("click", () => sortBy(header, column, header.dataset.sort === "number"));
    });
  };

  // ---- the viewer: one image in the whole window

  const viewer = (() => {
    let item = null, mode = MODES.some(([name]) => name === remembered()) ? remembered() : "side";
    let zoom = 1, x = 0, y = 0;  // zoom 1 fits the window; x and y are where the middle is moved to, in pixels
    const positions = { slider: 50, overlay: 50, difference: 8 };

    const title = make("h2", { id: "viewer-title" });
    const facts = make("p", { className: "line" });
    const place = make("output", { role: "status" });
    const button = (text, label, act) => {
      const made = make("button", { type: "button", className: "button", ariaLabel: label, title: label }, text);
      made.addEventListener("click", act);
      return made;
    };
    const modes = MODES.map(([name, text]) => {
      const made = make("button", { type: "button", className: "button" }, text);
      made.addEventListener("click", () => choose(name));
      return made;
    });
    const shown = make("output", {});
    const before = make("div", { className: "layer before" }), after = make("div", { className: "layer after" });
    const layers = make("div", { className: "layers" }, before, after);
    const divider = make("div", { className: "divider" });
    const labels = ["first", "second"].map((which) => make("span", { className: `label ${which}` }));
    const stage = make("div", { className: "stage" }, layers, divider, ...labels);
    const range = make("input", { type: "range", id: "range" });
    const rangeName = make("label", { htmlFor: "range" });
    const rangeValue = make("output", { htmlFor: "range" });
    const rangeRow = make("div", { className: "range" }, rangeName, range, rangeValue);
    const dialog = make("dialog", { className: "viewer", tabIndex: -1, "aria-labelledby": "viewer-title" },
      make("div", { className: "bar" }, title,
        make("div", { className: "group", role: "group", ariaLabel: "View" }, ...modes),
        make("div", { className: "group", role: "group", ariaLabel: "Zoom" },
          button("−", "Zoom out", () => zoomTo(zoom / 1.5)), shown, button("+", "Zoom in", () => zoomTo(zoom * 1.5)),
          button("Fit", "Fit the window", () => zoomTo(1)), button("1:1", "One pixel of the image is one pixel of the screen", () => zoomTo(1 / fit()))),
        make("div", { className: "group", role: "group", ariaLabel: "Images" },
          button("←", "Previous image", () => step(-1)), place, button("→", "Next image", () => step(1)),
          button("?", "Keys", () => help.showModal()), button("✕", "Close", () => dialog.close()))),
      stage, make("div", { className: "bar below" }, rangeRow, facts));
    document.body.append(dialog);

    const images = () => [...layers.querySelectorAll("img")];
    const alone = () => !(before.firstChild && after.firstChild);
    const view = () => (alone() ? "side" : mode);
    const dimensions = () => { const one = images()[0]; return [Number(one.dataset.width), Number(one.dataset.height)]; };
    const pane = () => (view() === "side" && !alone() ? [stage.clientWidth / 2, stage.clientHeight] : [stage.clientWidth, stage.clientHeight]);
    const fit = () => {
      const [[width, height], [across, down]] = [dimensions(), pane()];
      return Math.min(across / width, down / height, 4) || 1;
    };

    const draw = () => {
      if (!item || !dialog.open) return;
      const now = view(), [width, height] = dimensions(), [across, down] = pane(), scale = fit() * zoom;
      const most = [Math.max(0, (width * scale - across) / 2), Math.max(0, (height * scale - down) / 2)];
      x = Math.max(-most[0], Math.min(most[0], x));
      y = Math.max(-most[1], Math.min(most[1], y));
      dialog.className = `viewer ${now}${alone() ? " alone" : ""}`;
      for (const image of images()) {
        image.style.width = `${width * scale}px`;
        image.style.height = `${height * scale}px`;
        image.style.left = `${(across - width * scale) / 2 + x}px`;
        image.style.top = `${(down - height * scale) / 2 + y}px`;
        image.parentElement.classList.toggle("pixels", scale >= 3);
      }
      shown.textContent = `${Math.round(scale * 100)} %`;
      modes.forEach((one, number) => {
        one.ariaPressed = String(MODES[number][0] === now);
        one.disabled = alone() && number > 0;
      });
      divider.hidden = now !== "slider";
      rangeRow.hidden = now === "side";
      after.style.clipPath = now === "slider" ? `inset(0 0 0 ${positions.slider}%)` : "";
      divider.style.left = `${positions.slider}%`;
      after.style.opacity = now === "overlay" ? positions.overlay / 100 : "";
      layers.style.filter = now === "difference" ? `brightness(${positions.difference})` : "";
      labels[0].hidden = now === "overlay" || now === "difference" || !before.firstChild;
      labels[1].hidden = now === "overlay" || now === "difference" || !after.firstChild;
      if (now === "side") return;
      const { label, min, max, unit } = RANGES[now];
      rangeName.textContent = label;
      [range.min, range.max] = [min, max];
      range.value = positions[now];
      rangeValue.textContent = `${positions[now]}${unit}`;
      range.ariaValueText = rangeValue.textContent;
    };

    const choose = (name) => { mode = name; remember(name); draw(); };
    // The point of the image under (atX, atY), counted from the middle of its pane, stays where it is.
    const zoomTo = (value, atX = 0, atY = 0) => {
      const own = 1 / fit(), next = Math.max(Math.min(1, own), Math.min(value, Math.max(1, 16 * own)));
      [x, y] = [atX - (atX - x) * next / zoom, atY - (atY - y) * next / zoom];
      zoom = next;
      draw();
    };
    const put = (layer, figure) => {
      layer.replaceChildren();
      if (!figure) return;
      const image = figure.querySelector("img");
      layer.append(make("img", { src: image.currentSrc || image.src, alt: image.alt, draggable: false,
        "data-width": image.getAttribute("width"), "data-height": image.getAttribute("height") }));
    };
    const show = (next) => {
      item = next;
      const figures = [...next.card.querySelectorAll("figure")];
      const is = (figure, word) => figure.querySelector("img").alt.startsWith(word);
      put(before, figures.find((figure) => !is(figure, "after")));
      put(after, figures.find((figure) => is(figure, "after")));
      [before, after].forEach((layer, number) => {
        const image = layer.firstChild;
        labels[number].textContent = image ? image.alt : "";
      });
      title.textContent = next.name;
      const captions = figures.map((figure) => figure.querySelector("figcaption").textContent).filter((text) => text.includes("shown at"));
      facts.textContent = [next.card.querySelector(".line").textContent, ...captions.slice(0, 1).map(() => "reduced for this page")].join(" · ");
      const all = withPair();
      place.textContent = `${all.indexOf(next) + 1} / ${all.length}`;
      [zoom, x, y] = [1, 0, 0];
      draw();
    };
    const step = (by) => {
      const all = withPair();
      show(all[(all.indexOf(item) + by + all.length) % all.length]);
    };

    range.addEventListener("input", () => { positions[view()] = Number(range.value); draw(); });
    const middle = (event) => {
      const box = stage.getBoundingClientRect(), [across, down] = pane();
      const left = event.clientX - box.left;
      return [(left > across ? left - across : left) - across / 2, event.clientY - box.top - down / 2];
    };
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      zoomTo(zoom * Math.exp(-event.deltaY / 400), ...middle(event));
    }, { passive: false });
    stage.addEventListener("dblclick", (event) => zoomTo(zoom > 1 ? 1 : Math.max(2, 1 / fit()), ...middle(event)));
    const pointers = new Map();
    let grabbed = "", gap = 0;
    const slide = (event) => {
      const box = stage.getBoundingClientRect();
      positions.slider = Math.round(Math.max(0, Math.min(100, (event.clientX - box.left) / box.width * 100)));
      draw();
    };
    stage.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      stage.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, [event.clientX, event.clientY]);
      const box = stage.getBoundingClientRect();
      const near = Math.abs(event.clientX - box.left - box.width * positions.slider / 100) < 28;
      grabbed = view() === "slider" && (near || zoom <= 1) ? "divider" : "image";
      if (grabbed === "divider") slide(event);
      stage.classList.add("dragged");
    });
    stage.addEventListener("pointermove", (event) => {
      const last = pointers.get(event.pointerId);
      if (!last) return;
      pointers.set(event.pointerId, [event.clientX, event.clientY]);
      if (pointers.size === 2) {
        const [[ax, ay], [bx, by]] = [...pointers.values()];
        const now = Math.hypot(ax - bx, ay - by);
        if (gap) zoomTo(zoom * now / gap, ...middle({ clientX: (ax + bx) / 2, clientY: (ay + by) / 2 }));
        gap = now;
      } else if (grabbed === "divider") slide(event);
      else { x += event.clientX - last[0]; y += event.clientY - last[1]; draw(); }
    });
    const released = (event) => {
      pointers.delete(event.pointerId);
      gap = 0;
      if (!pointers.size) stage.classList.remove("dragged");
    };
    for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, released);
    new ResizeObserver(draw).observe(stage);
    dialog.addEventListener("close", () => {
      before.replaceChildren();
      after.replaceChildren();
      item.card.scrollIntoView({ block: "nearest", behavior: "instant" });
    });

    return {
      open: (next) => { dialog.showModal(); dialog.focus(); show(next); },
      key: (event) => {
        if (event.key === "ArrowLeft" && event.target !== range) step(-1);
        else if (event.key === "ArrowRight" && event.target !== range) step(1);
        else if (event.key === "+" || event.key === "=") zoomTo(zoom * 1.5);
        else if (event.key === "-") zoomTo(zoom / 1.5);
        else if (event.key === "0") zoomTo(1);
        else return;
        event.preventDefault();
      },
      isOpen: () => dialog.open,
      choose,
    };
  })();

  const help = (() => {
    const list = make("dl");
    for (const [keys, what] of KEYS) {
      const words = make("dt");
      keys.split(" ").forEach((key, number) => words.append(...(number ? [" "] : []), key === "to" ? "to" : make("kbd", {}, key)));
      list.append(words, make("dd", {}, what));
    }
    const close = make("button", { type: "button", className: "button" }, "Close");
    const dialog = make("dialog", { className: "help", "aria-labelledby": "help-title" }, make("h2", { id: "help-title" }, "Keys"), list, close);
    close.addEventListener("click", () => dialog.close());
    document.body.append(dialog);
    return dialog;
  })();

  document.addEventListener("keydown", (event) => {
    const writes = event.target.matches("input[type=search], select");
    if (event.ctrlKey || event.metaKey || event.altKey || writes || help.open) return;
    if (event.key === "?") { help.showModal(); event.preventDefault(); return; }
    const number = "1234".indexOf(event.key);
    if (number >= 0 && event.key.length === 1) {
      viewer.choose(MODES[number][0]);
      if (!viewer.isOpen() && withPair().length) viewer.open(withPair()[0]);
    } else if (viewer.isOpen()) viewer.key(event);
  });

  for (const item of items) {
    const pair = item.card.querySelector(".pair");
    if (!pair) continue;
    const button = make("button", { type: "button", className: "button", ariaLabel: `Compare ${item.name}` }, "Compare");
    button.addEventListener("click", () => viewer.open(item));
    pair.addEventListener("click", () => viewer.open(item));
    item.card.append(button);
  }
  if (items.length) { addControls(); addSorting(); }
})();
