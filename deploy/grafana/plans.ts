import { panel, quantiles, rateOf, type DashboardPlan, type Panel } from './panels.ts';

const MOUTH_TO_EAR: Panel = {
  title: 'Mouth to ear', unit: 's', queries: quantiles('voxfleet_mouth_to_ear_seconds', [0.5, 0.95, 0.99]),
  meaning: 'End of the caller’s speech to the agent’s first audio. The goal: p99 below 1.5 s. The panel of its parts says where the time goes.',
};
const SLOTS: Panel = {
  title: 'Slots', unit: 'short', meaning: 'Calls held and calls that could be. Normal callers are refused from 95 % on.',
  queries: [{ expr: 'sum(voxfleet_slots_used)', legend: 'used' }, { expr: 'sum(voxfleet_slots)', legend: 'there are' }],
};
const REFUSED = panel('Callers refused', 'ops', 'Callers sent away although they did nothing wrong. Anything above 0: add workers or gateways.',
  `${rateOf('voxfleet_gateway_closed_total{reason="at_capacity"}')} + ${rateOf('voxfleet_gateway_rejected_total{reason=~"too_many_connections|store_unavailable|internal"}')}`, 'refused');
const TAKEOVERS = panel('Takeovers', 'ops', 'Calls whose worker was lost, by what became of them. Anything but admitted is a lost call.',
  rateOf('voxfleet_gateway_takeovers_total', 'outcome'), '{{outcome}}');
const LANE_WAIT: Panel = {
  title: 'Wait in lanes', unit: 's', queries: quantiles('voxfleet_lane_wait_seconds', [0.99], 'lane'),
  meaning: 'From arrival at the worker until looked at. Above 0.1 s for normal or urgent: too many callers for this CPU.',
};

const OVERVIEW: DashboardPlan = {
  name: 'overview', title: 'Voxfleet: overview',
  panels: [
    panel('Callers', 'short', 'Callers connected, by gateway.', 'sum by (id) (voxfleet_gateway_connections)', '{{id}}'),
    SLOTS, MOUTH_TO_EAR,
    panel('Turns answered', 'ops', 'Spoken turns that were answered, in a second.', rateOf('voxfleet_mouth_to_ear_seconds_count'), 'turns'),
    panel('Errors told to callers', 'ops', 'By code; docs/wire.md says what each means.', rateOf('voxfleet_gateway_errors_total', 'code'), '{{code}}'),
    REFUSED, TAKEOVERS,
    panel('NATS connected', 'short', '1 for each process that is; below: its calls stand still.', 'voxfleet_nats_up', '{{tier}} {{id}}'),
    panel('Redis answers', 'short', '1 for each process that gets answers; below: new calls are refused.', 'voxfleet_redis_up', '{{tier}} {{id}}'),
    panel('Members scraped', 'short', 'Targets that answer, by job. Compare with how many there should be.', 'sum by (job) (up{job=~"voxfleet-.*"})', '{{job}}'),
  ],
};

const GATEWAY: DashboardPlan = {
  name: 'gateway', title: 'Voxfleet: gateways',
  panels: [
    panel('Connections', 'short', 'By gateway; near MAX_WEBSOCKET_CONNECTIONS add gateways.', 'sum by (id) (voxfleet_gateway_connections)', '{{id}}'),
    { title: 'Messages', unit: 'ops', meaning: 'WebSocket messages of callers and to them.', queries: ['in', 'out'].map((way) => ({ expr: rateOf(`voxfleet_gateway_messages_${way}_total`), legend: way })) },
    { title: 'Bytes', unit: 'Bps', meaning: 'Payload of callers and to them; by it networks are sized.', queries: ['in', 'out'].map((way) => ({ expr: rateOf(`voxfleet_gateway_bytes_${way}_total`), legend: way })) },
    panel('Claims', 'ops', 'By what they came to; many full or no_responders: add workers.', rateOf('voxfleet_gateway_claims_total', 'outcome'), '{{outcome}}'),
    panel('Requests answered with an error', 'ops', 'HTTP and refused upgrades, by code; docs/wire.md says what each means.', rateOf('voxfleet_gateway_http_errors_total', 'code'), '{{code}}'),
    panel('Upgrades refused', 'ops', 'By reason; unauthorized: look at the callers.', rateOf('voxfleet_gateway_rejected_total', 'reason'), '{{reason}}'),
    panel('Connections closed by us', 'ops', 'By reason; session_lost is a dropped call.', rateOf('voxfleet_gateway_closed_total', 'reason'), '{{reason}}'),
    panel('Calls resumed', 'ops', 'Callers who came back to their call; many: look at networks and at gateways that restart.', rateOf('voxfleet_gateway_resumes_total', 'outcome'), '{{outcome}}'),
    panel('Left while draining', 'ops', 'Callers cut at the deadline: raise DRAIN_DEADLINE_MS.', rateOf('voxfleet_gateway_drained_total', 'step'), '{{step}}'),
    panel('Kept for replay', 'bytes', 'Kept of callers until committed; grows while workers or the bus are away.', 'sum by (id) (voxfleet_gateway_replay_bytes)', '{{id}}'),
    panel('Event loop delay, p99', 's', 'Above 0.1 s a gateway is late with every caller: add gateways.', 'nodejs_eventloop_lag_p99_seconds{tier="gateway"}', '{{id}}'),
    panel('CPU', 'short', 'Cores used.', 'sum by (id) (rate(process_cpu_seconds_total{tier="gateway"}[$__rate_interval]))', '{{id}}'),
    panel('Memory', 'bytes', 'Resident memory.', 'process_resident_memory_bytes{tier="gateway"}', '{{id}}'),
  ],
};

const WORKER: DashboardPlan = {
  name: 'worker', title: 'Voxfleet: workers',
  panels: [
    panel('Slots used', 'percentunit', 'By worker; near 1 it takes no more calls.', 'sum by (id) (voxfleet_slots_used) / sum by (id) (voxfleet_slots)', '{{id}}'),
    { title: 'Turns', unit: 'short', meaning: 'Computed at once, and waiting for a place: above 0 for long, answers are late.', queries: [{ expr: 'sum(voxfleet_turns_computing)', legend: 'computing' }, { expr: 'sum(voxfleet_turns_waiting)', legend: 'waiting' }] },
    panel('Depth of lanes', 'short', 'Frames and messages waiting; replay is what was sent again.', 'sum by (lane) (voxfleet_lane_depth)', '{{lane}}'),
    LANE_WAIT,
    { title: 'Engines, p95', unit: 's', queries: quantiles('voxfleet_engine_seconds', [0.95], 'need, engine').map(({ expr }) => ({ expr, legend: '{{need}} {{engine}}' })), meaning: 'Recognizer to its final transcript, responder and synthesizer to their first piece.' },
    panel('Engine errors', 'ops', 'Calls that failed or took longer than ENGINE_DEADLINE_MS; the log says why.', rateOf('voxfleet_engine_errors_total', 'need, engine'), '{{need}} {{engine}}'),
    panel('Ingress', 'ops', 'Envelopes taken in, by type.', rateOf('voxfleet_ingress_frames_total', 'type'), '{{type}}'),
    panel('Shed', 'ops', 'What callers said and nobody heard: add workers.', rateOf('voxfleet_shed_total', 'reason'), '{{reason}}'),
    { title: 'Ownership', unit: 'ops', meaning: 'Handed off in order while draining, and lost to another owner: the latter should be rare.', queries: [{ expr: rateOf('voxfleet_handoffs_total'), legend: 'handed off' }, { expr: rateOf('voxfleet_leases_lost_total'), legend: 'lost' }] },
    panel('Event loop delay, p99', 's', 'Above 0.1 s a worker is late with every call.', 'nodejs_eventloop_lag_p99_seconds{tier="worker"}', '{{id}}'),
    panel('Garbage collection', 'percentunit', 'Part of the time spent in it; above 0.1 look at memory.', 'sum by (id) (rate(nodejs_gc_duration_seconds_sum[$__rate_interval]))', '{{id}}'),
    panel('CPU', 'short', 'Cores used.', 'sum by (id) (rate(process_cpu_seconds_total{tier="worker"}[$__rate_interval]))', '{{id}}'),
    panel('Memory', 'bytes', 'Resident memory.', 'process_resident_memory_bytes{tier="worker"}', '{{id}}'),
  ],
};

const QUALITY: DashboardPlan = {
  name: 'call-quality', title: 'Voxfleet: call quality',
  panels: [
    MOUTH_TO_EAR,
    { title: 'Parts of mouth to ear, mean', unit: 's', meaning: 'They add up to the whole: the largest is the one to work on.', queries: [{ expr: 'sum by (stage) (rate(voxfleet_stage_seconds_sum[$__rate_interval])) / on () group_left () sum(rate(voxfleet_mouth_to_ear_seconds_count[$__rate_interval]))', legend: '{{stage}}' }] },
    { title: 'Parts of mouth to ear, p95', unit: 's', queries: quantiles('voxfleet_stage_seconds', [0.95], 'stage'), meaning: 'Which part makes the slow turns slow.' },
    panel('Turns later than 1.5 s', 'percentunit', 'The goal allows 1 % over 30 days.', `1 - ${rateOf('voxfleet_mouth_to_ear_seconds_bucket{le="1.5"}')} / ${rateOf('voxfleet_mouth_to_ear_seconds_count')}`, 'late'),
    { title: 'Words lost', unit: 'ops', meaning: 'Frames and texts of callers that were dropped; 50 frames are a second of speech.', queries: [{ expr: rateOf('voxfleet_shed_total', 'reason'), legend: 'worker {{reason}}' }, { expr: rateOf('voxfleet_gateway_shed_total{reason=~"no_worker|replay_overflow|too_many_waiting"}', 'reason'), legend: 'gateway {{reason}}' }] },
    panel('Agent broke off', 'ops', 'Pauses of more than 40 ms within a turn of the agent, by worker; look at responder and synthesizer.', 'sum by (id) (rate(voxfleet_underruns_total[$__rate_interval]))', '{{id}}'),
    panel('Agent audio not played', 'ops', 'cleared is barge-in; slow_consumer a caller’s own line.', rateOf('voxfleet_gateway_shed_total{reason=~"cleared|slow_consumer"}', 'reason'), '{{reason}}'),
    { title: 'Sent again', unit: 'ops', meaning: 'Work after faults: frames replayed to workers, and what the bus lost.', queries: [{ expr: rateOf('voxfleet_gateway_replayed_frames_total'), legend: 'replayed frames' }, { expr: rateOf('voxfleet_bus_repairs_total', 'direction'), legend: 'repairs {{direction}}' }] },
    TAKEOVERS,
  ],
};

const CAPACITY: DashboardPlan = {
  name: 'capacity', title: 'Voxfleet: capacity',
  panels: [
    SLOTS,
    panel('Part of the slots used', 'percentunit', 'Above 0.85 add workers.', 'sum(voxfleet_slots_used) / sum(voxfleet_slots)', 'used'),
    panel('Slots wanted in an hour', 'short', 'At the growth of the last half hour; compare with how many there are.', 'predict_linear(voxfleet:slots_used:sum[30m], 3600)', 'in an hour'),
    REFUSED,
    panel('Claims refused as full', 'ops', 'Callers who had to wait for a slot.', rateOf('voxfleet_gateway_claims_total{outcome=~"full|no_responders"}', 'outcome'), '{{outcome}}'),
    LANE_WAIT,
    panel('Event loop used', 's', 'p99 of its delay, the worst of each tier: what fills up first.', 'max by (tier) (nodejs_eventloop_lag_p99_seconds)', '{{tier}}'),
    panel('CPU for each caller', 'short', 'Cores of a tier for each connected caller: by it fleets are sized.', 'sum by (tier) (rate(process_cpu_seconds_total{tier=~"gateway|worker"}[$__rate_interval])) / on () group_left () (sum(voxfleet_gateway_connections) > 0)', '{{tier}}'),
    { title: 'Redis round trip', unit: 's', meaning: 'Above 0.05 s every claim is late.', queries: [{ expr: 'max by (tier) (voxfleet_redis_round_trip_seconds)', legend: '{{tier}}' }] },
    panel('NATS connections regained', 'ops', 'Several in an hour: an unstable server or network.', rateOf('voxfleet_nats_reconnects_total', 'tier'), '{{tier}}'),
  ],
};

/** Every dashboard there is. */
export const DASHBOARD_PLANS: readonly DashboardPlan[] = [OVERVIEW, GATEWAY, WORKER, QUALITY, CAPACITY];
