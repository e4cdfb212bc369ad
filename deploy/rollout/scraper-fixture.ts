import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startProcess } from '../../shared/testing/servers.ts';

/** A real Prometheus that scrapes every second whom it is told to. */
export interface Scraper {
  readonly url: string;
  /** Scrapes these from now on, by `http://host:port`. */
  watch(gateways: readonly string[], workers: readonly string[]): void;
  /** Ends it; nothing is left. */
  stop(): Promise<void>;
}

const CONFIG = `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: voxfleet-gateway
    file_sd_configs: [{ files: [gateways.json], refresh_interval: 1s }]
  - job_name: voxfleet-worker
    file_sd_configs: [{ files: [workers.json], refresh_interval: 1s }]
`;

/** Starts it with nobody to scrape. Throws StartError. */
export async function startScraper(): Promise<Scraper> {
  const folder = mkdtempSync(join(tmpdir(), 'voxfleet-scraper-'));
  const clear = (): void => rmSync(folder, { recursive: true, force: true });
  /** Put in place whole: it may be read at any moment. */
  const put = (name: string, text: string): void => {
    writeFileSync(join(folder, `${name}.new`), text);
    renameSync(join(folder, `${name}.new`), join(folder, name));
  };
  const watch: Scraper['watch'] = (gateways, workers) => {
    for (const [name, urls] of Object.entries({ gateways, workers })) put(`${name}.json`, JSON.stringify([{ targets: urls.map((url) => new URL(url).host) }]));
  };
  put('prometheus.yml', CONFIG);
  watch([], []);
  const url = `http://127.0.0.1:${await freePort()}`;
  try {
    const args = [`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=${new URL(url).host}`];
    const running = await startProcess({ name: 'prometheus', command: 'prometheus', args, readyUrl: `${url}/-/ready` });
    const stop = async (): Promise<void> => {
      await running.stop();
      clear();
    };
    return { url, watch, stop };
  } catch (error) {
    clear();
    throw error;
  }
}
