import type { ClaimKnowledge, LeaseWrite } from './store.ts';

/** Workers of the model. */
export const WORKERS = ['a', 'b', 'c'] as const;
export type WorkerName = (typeof WORKERS)[number];

/** A session's record as it must be: the whole truth in a few fields. */
export interface KnownRecord {
  readonly owner: WorkerName | '';
  readonly fence: number;
  readonly isExpired: boolean;
  readonly isEnded: boolean;
  readonly commitNo: number;
  readonly turns: readonly number[];
  readonly ingressSeq: number;
  readonly connectionNo: number;
  /** Resume tokens, the newest first; '' where there is none. */
  readonly tokens: readonly [string, string];
}

/** What a worker remembers of its newest lease, as `Conversation` does. */
export interface Belief {
  readonly fence: number;
  readonly commits: number;
  readonly turns: readonly number[];
}

const NEW_RECORD: KnownRecord = {
  owner: '', fence: 0, isExpired: true, isEnded: false, commitNo: 0, turns: [], ingressSeq: 0, connectionNo: 0, tokens: ['', ''],
};
const NO_BELIEF: Belief = { fence: 0, commits: 0, turns: [] };

/** The rules of the store in plain words, without Redis: what each call must answer, and what is known after it. */
export class StoreModel {
  /** Undefined where Redis knows nothing. */
  record: KnownRecord | undefined = NEW_RECORD;
  readonly beliefs: Record<WorkerName, Belief> = { a: NO_BELIEF, b: NO_BELIEF, c: NO_BELIEF };

  /** What a write of this worker must be answered; `stored`: the commits it knows to be stored. */
  standing(name: WorkerName, stored: number): LeaseWrite {
    const { record } = this;
    const { fence } = this.beliefs[name];
    if (record === undefined) return 'behind';
    if (record.isEnded || record.fence > fence || (record.fence === fence && record.owner !== name)) return 'lost';
    return record.fence < fence || record.commitNo < stored ? 'behind' : 'ours';
  }

  /** Whether a claim must be granted, or what it must be answered instead. */
  claim(name: WorkerName, { lost, connectionNo = 0 }: ClaimKnowledge): 'claimed' | 'held' | 'replaced' | 'ended' | 'not_found' {
    const { record } = this;
    if (record === undefined) return 'not_found';
    if (record.isEnded) return 'ended';
    if (connectionNo > 0 && connectionNo < record.connectionNo) return 'replaced';
    const isLost = lost !== undefined && ((lost.workerId === record.owner && lost.fence === record.fence) || lost.fence > record.fence);
    return record.owner === '' || record.owner === name || record.isExpired || isLost ? 'claimed' : 'held';
  }

  claimed(name: WorkerName, fence: number, connectionNo: number): void {
    const connectionNos = [connectionNo, this.record?.connectionNo ?? 0];
    this.#change({ owner: name, fence, isExpired: false, commitNo: 0, connectionNo: Math.max(...connectionNos) });
    this.beliefs[name] = { fence, commits: 0, turns: this.record?.turns ?? [] };
  }

  commit(name: WorkerName, commitNo: number, turn: number): LeaseWrite {
    const answer = this.standing(name, commitNo - 1);
    const { record } = this;
    if (answer === 'ours' && record !== undefined && record.commitNo < commitNo) {
      this.#change({ commitNo, turns: [...record.turns, turn], ingressSeq: Math.max(record.ingressSeq, turn) });
    }
    const belief = this.beliefs[name];
    if (answer === 'ours' && belief.commits < commitNo) this.beliefs[name] = { ...belief, commits: commitNo, turns: [...belief.turns, turn] };
    return answer;
  }

  renew(name: WorkerName): LeaseWrite {
    const answer = this.standing(name, this.beliefs[name].commits);
    if (answer === 'ours') this.#change({ isExpired: false });
    return answer;
  }

  release(name: WorkerName): boolean {
    const isOurs = this.standing(name, this.beliefs[name].commits) === 'ours';
    if (isOurs) this.#change({ owner: '' });
    return isOurs;
  }

  restore(name: WorkerName): 'ours' | 'lost' {
    const { fence, commits, turns } = this.beliefs[name];
    const answer = this.standing(name, commits);
    if (answer === 'behind') {
      const { connectionNo, tokens } = this.record ?? NEW_RECORD;
      this.record = {
        owner: name, fence, isExpired: false, isEnded: false, commitNo: commits, turns,
        ingressSeq: Math.max(0, ...turns), connectionNo, tokens,
      };
    }
    return answer === 'lost' ? answer : 'ours';
  }

  /** `name` absent: by authority. */
  end(name?: WorkerName): { owner: string } | 'stale' | 'behind' | 'not_found' {
    const { record } = this;
    const isAskedAgain = name !== undefined && record?.isEnded === true && record.fence === this.beliefs[name].fence;
    const standing = name === undefined || isAskedAgain ? 'ours' : this.standing(name, 0);
    if (standing !== 'ours') return standing === 'lost' ? 'stale' : standing;
    if (record === undefined) return 'not_found';
    this.#change({ owner: '', isEnded: true });
    return { owner: record.owner };
  }

  connect(presented: string, next: string): 'connected' | 'refused' | 'not_found' {
    const { record } = this;
    if (record === undefined || record.isEnded) return 'not_found';
    if (presented !== '' && !record.tokens.includes(presented)) return 'refused';
    const kept = presented === '' ? record.tokens[0] : presented;
    this.#change(next === '' ? {} : { tokens: [next, kept] });
    return 'connected';
  }

  connected(connectionNo: number): void {
    this.#change({ connectionNo });
  }

  rotate(connectionNo: number, next: string): boolean {
    const { record } = this;
    if (record === undefined || record.isEnded || record.connectionNo > connectionNo) return false;
    this.#change({ connectionNo, tokens: [next, record.tokens[0]] });
    return true;
  }

  expire(): void {
    if (this.record !== undefined) this.#change({ isExpired: true });
  }

  #change(change: Partial<KnownRecord>): void {
    this.record = { ...(this.record ?? NEW_RECORD), ...change };
  }
}
