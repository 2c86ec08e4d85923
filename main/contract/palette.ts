/**
 * Colours that colour-blind eyes tell apart, on dark ground and on light: those of Okabe and Ito (Color Universal Design,
 * 2008) without black, then some of Paul Tol's muted scheme (SRON/EPS/TN/09-002, 2021).
 */
export const palette = [
  ...['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7'],
  ...['#44aa99', '#cc6677', '#999933', '#aa4499', '#dddddd'],
] as const;

/**
 * For values on a picture, low to high: viridis (van der Walt and Smith, matplotlib, CC0), which grows evenly lighter and which
 * colour-blind eyes read too. Its greens and yellows are no stain's.
 */
export const heatColours = [
  ...['#440154', '#482878', '#3e4989', '#31688e', '#26828e'],
  ...['#1f9e89', '#35b779', '#6ece58', '#b5de2b', '#fde725'],
] as const;
