/**
 * Colours that colour-blind eyes tell apart, on dark ground and on light: those of Okabe and Ito (Color Universal Design,
 * 2008) without black, then some of Paul Tol's muted scheme (SRON/EPS/TN/09-002, 2021).
 */
export const palette = [
  ...['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7'],
  ...['#44aa99', '#cc6677', '#999933', '#aa4499', '#dddddd'],
] as const;
