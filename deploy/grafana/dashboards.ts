import { LegendDisplayMode, LegendPlacement, VizLegendOptionsBuilder } from '@grafana/grafana-foundation-sdk/common';
import { DashboardBuilder, DashboardCursorSync, DatasourceVariableBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { DashboardPlan, Panel } from './panels.ts';
import { DASHBOARD_PLANS } from './plans.ts';

/** Grafana's grid is 24 wide: two panels beside each other. */
const PANEL_WIDTH = 12;
const PANEL_HEIGHT = 8;
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** Each dashboard's JSON, for Grafana's provisioning or its import, by file name. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  return new Map(DASHBOARD_PLANS.map((plan) => [`${plan.name}.json`, `${JSON.stringify(dashboardOf(plan), undefined, 2)}\n`]));
}

function dashboardOf({ name, title, panels }: DashboardPlan): ReturnType<DashboardBuilder['build']> {
  const builder = new DashboardBuilder(title)
    .uid(`voxfleet-${name}`)
    .tags(['voxfleet'])
    .description('Generated from deploy/grafana/plans.ts; change it there and run npm run dashboards.')
    .refresh('10s')
    .time({ from: 'now-1h', to: 'now' })
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'));
  for (const [index, panel] of panels.entries()) builder.withPanel(plotOf(panel, index));
  return builder.build();
}

function plotOf({ title, meaning, unit, queries }: Panel, index: number): PanelBuilder {
  const place = { x: (index % 2) * PANEL_WIDTH, y: Math.floor(index / 2) * PANEL_HEIGHT, w: PANEL_WIDTH, h: PANEL_HEIGHT };
  const plot = new PanelBuilder()
    .id(index + 1)
    .title(title)
    .description(meaning)
    .unit(unit)
    .min(0)
    .datasource(DATASOURCE)
    .gridPos(place)
    .legend(new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom).showLegend(true));
  for (const [nth, { expr, legend }] of queries.entries()) {
    plot.withTarget(new DataqueryBuilder().refId(String.fromCharCode('A'.charCodeAt(0) + nth)).expr(expr).legendFormat(legend).datasource(DATASOURCE).range());
  }
  return plot;
}
