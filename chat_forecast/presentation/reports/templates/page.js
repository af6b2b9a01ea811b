"use strict";
(async () => {
  const { charts, numbers, times, day, zone } = JSON.parse(document.getElementById("charts").textContent);

  // The page is read when it is read: what was tomorrow may be over.
  if (day && new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(new Date()) > day) {
    document.getElementById("passed").hidden = false;
  }

  const views = {};
  const options = {
    renderer: "svg", actions: false, defaultStyle: false, formatLocale: numbers, timeFormatLocale: times,
    ast: true, // no text is run as code, so that the page's policy need not allow it
    tooltip: { disableDefaultStyle: true },
  };
  for (const [name, spec] of Object.entries(charts)) {
    const { view } = await vegaEmbed(`#chart-${name}`, spec, options);
    // Its parts say nothing to who cannot see them; its description and the table do.
    view.container().querySelector("svg > g").setAttribute("aria-hidden", "true");
    views[name] = view;
  }

  const { history, overview } = views;
  if (history && overview) {
    const buttons = [...document.querySelectorAll("[data-days]")];
    const extent = () => overview.scale("x").domain().map(Number);
    const pressed = (from, to) => {
      const [first, last] = extent();
      for (const button of buttons) {
        const begin = button.dataset.days ? Math.max(first, last - button.dataset.days * 86400000) : first;
        const near = Math.abs(begin - from) < 43200000 && Math.abs(last - to) < 43200000;
        button.setAttribute("aria-pressed", String(near));
      }
    };
    let shown = extent();
    const days = charts.history.datasets.rows;
    const show = ([from, to]) => {
      if (!(to - from > 86400000)) [from, to] = extent();
      shown = [from, to];
      const counts = days.filter((row) => row.end > from && row.day < to).map((row) => row.messages ?? 0);
      history.signal("shown_from", from).signal("shown_to", to).signal("highest", Math.max(1, ...counts)).runAsync();
      pressed(from, to);
    };
    const choose = (from, to) => {
      const scale = overview.scale("x");
      overview.signal("range_x", [scale(from), scale(to)]).runAsync();
      show([from, to]);
    };
    // Without a day while the chart is being laid out again; then what was chosen stays.
    overview.addSignalListener("range", (_name, value) => value.day && show(value.day.map(Number)));
    overview.addEventListener("dblclick", () => choose(...extent()));
    window.addEventListener("resize", () => requestAnimationFrame(() => choose(...shown)));
    for (const button of buttons) {
      button.addEventListener("click", () => {
        const [first, last] = extent();
        choose(button.dataset.days ? Math.max(first, last - button.dataset.days * 86400000) : first, last);
      });
    }
    const [first, last] = extent();
    choose(Math.max(first, last - 90 * 86400000), last);
  }
  document.documentElement.dataset.drawn = Object.keys(views).length;
})();
