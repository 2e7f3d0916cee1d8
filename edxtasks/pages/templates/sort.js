// Tables of the class "sortable": a heading with data-sort becomes a button that sorts by its column.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const kind = head.dataset.sort;
    if (!kind) return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const first = kind === "number" ? "descending" : "ascending";
      const up = (head.getAttribute("aria-sort") === first) === (first === "descending");
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const value = (row) => row.cells[column].dataset.value ?? "";
      const rows = [...body.rows].map((row) => [value(row), row]);
      rows.sort(([one], [other]) => {
        if (one === "" || other === "") return (one === "") - (other === "");  // what is not shown comes last
        const less = kind === "number" ? one - other : one < other ? -1 : one > other ? 1 : 0;
        return up ? less : -less;
      });
      body.append(...rows.map(([, row]) => row));
    });
  });
}
