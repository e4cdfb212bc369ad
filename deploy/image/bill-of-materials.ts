import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * npm's CycloneDX document without what differs from one making to the next: its serial number, and the moment, which becomes
 * that of the sources (seconds since 1970). Throws where the text is no such document.
 */
export function reproducible(text: string, epochS: number): string {
  const bill = JSON.parse(text) as { bomFormat?: unknown; serialNumber?: unknown; metadata?: { timestamp?: string } };
  if (bill.bomFormat !== 'CycloneDX') throw new Error('expected a CycloneDX document');
  delete bill.serialNumber;
  bill.metadata = { ...bill.metadata, timestamp: new Date(epochS * 1000).toISOString() };
  return `${JSON.stringify(bill, null, 1)}\n`;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [, , from = 'sbom.json', to = 'sbom.cdx.json'] = process.argv;
  writeFileSync(to, reproducible(readFileSync(from, 'utf8'), Number(process.env['SOURCE_DATE_EPOCH'] ?? 0)));
}
