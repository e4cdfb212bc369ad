import { deploymentIn, type DeploymentPlan, type Tier } from './deployment.ts';

/** Deployments as the manifests write them, with times so short that a test can wait for them. */
const MANIFESTS = ['gateway', 'worker'].map((tier) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: voxfleet-${tier}
  labels: &labels { app.kubernetes.io/component: ${tier} }
spec:
  replicas: REPLICAS
  minReadySeconds: 0
  strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 25% } }
  selector: { matchLabels: *labels }
  template:
    metadata: { labels: *labels }
    spec:
      terminationGracePeriodSeconds: 12
      containers:
        - name: ${tier}
          envFrom: [{ configMapRef: { name: ${tier}-env } }]
          env: [{ name: LEASE_MS, value: '8000' }, { name: ID, valueFrom: { fieldRef: { fieldPath: metadata.name } } }]
          startupProbe: { httpGet: { path: /health/live, port: http }, periodSeconds: 1, failureThreshold: 60 }
          readinessProbe: { httpGet: { path: /health/ready, port: http }, periodSeconds: 1, timeoutSeconds: 2 }
          ${tier === 'gateway' ? 'lifecycle: { preStop: { sleep: { seconds: 1 } } }' : 'ports: []'}
---
apiVersion: v1
kind: ConfigMap
metadata: { name: ${tier}-env }
data: { DRAIN_DEADLINE_MS: '8000', GOAWAY_SPREAD_MS: '1000', SLOTS: '3' }
`).join('---\n');

/** Both tiers with so many replicas. */
export function plansOf(replicas: number): Readonly<Record<Tier, DeploymentPlan>> {
  const text = MANIFESTS.replaceAll('REPLICAS', String(replicas));
  return { gateway: deploymentIn(text, 'gateway', 'fixture'), worker: deploymentIn(text, 'worker', 'fixture') };
}
