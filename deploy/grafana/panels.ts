/** One query of a panel. */
export interface Query {
  /** PromQL; `$__rate_interval` is Grafana's word for a window that suits the plot. */
  readonly expr: string;
  /** How its lines are called: words and `{{label}}`. */
  readonly legend: string;
}

/** One plot, as data. */
export interface Panel {
  readonly title: string;
  /** What to see in it, and what to do. */
  readonly meaning: string;
  /** Grafana's name of a unit. */
  readonly unit: 's' | 'short' | 'percentunit' | 'bytes' | 'Bps' | 'ops';
  readonly queries: readonly Query[];
}

/** One dashboard, as data. */
export interface DashboardPlan {
  /** Its file, and its address in Grafana. */
  readonly name: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** A panel of one query. */
export function panel(title: string, unit: Panel['unit'], meaning: string, expr: string, legend = ''): Panel {
  return { title, unit, meaning, queries: [{ expr, legend }] };
}

/** Quantiles of a histogram, one line each, or one for each value of a label. */
export function quantiles(histogram: string, shares: readonly number[], by = ''): readonly Query[] {
  const labels = by === '' ? 'le' : `${by}, le`;
  return shares.map((share) => ({
    expr: `histogram_quantile(${share}, sum by (${labels}) (rate(${histogram}_bucket[$__rate_interval])))`,
    legend: by === '' ? `p${share * 100}` : `{{${by}}} p${share * 100}`,
  }));
}

/** How often something is counted, in the whole fleet, for each value of a label where there is one. */
export function rateOf(counter: string, by?: string): string {
  return by === undefined ? `sum(rate(${counter}[$__rate_interval]))` : `sum by (${by}) (rate(${counter}[$__rate_interval]))`;
}
