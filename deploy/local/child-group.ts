import { SupervisedChild, type ChildPlan } from './supervised-child.ts';

/** Children in stages: a stage is started when the one before it is ready, and stopped before it. */
export class ChildGroup {
  readonly #stages: readonly (readonly SupervisedChild[])[];
  #stopping: Promise<void> | undefined;

  constructor(stages: readonly (readonly ChildPlan[])[], say: (text: string) => void) {
    this.#stages = stages.map((plans) => plans.map((plan) => new SupervisedChild(plan, say)));
  }

  /** The child of this name, if there is one. */
  child(name: string): SupervisedChild | undefined {
    return this.#stages.flat().find((child) => child.name === name);
  }

  /** Starts all. When one cannot start, everything is stopped and its StartError is thrown; likewise when `stop` comes in between. */
  async start(): Promise<void> {
    try {
      for (const stage of this.#stages) {
        if (this.#stopping !== undefined) throw new Error('stopped while starting');
        await Promise.all(stage.map((child) => child.start()));
      }
    } catch (error) {
      await this.stop(0);
      throw error;
    }
  }

  /** Ends all, last stage first; a child gets `timeoutMs` to end in order, none with 0. Resolves when nothing is left. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopping ??= this.#stopStages(timeoutMs);
    await this.#stopping;
  }

  /** Ends all at once, also while `stop` waits. */
  async kill(): Promise<void> {
    await Promise.all(this.#stages.flat().map((child) => child.stop(0)));
  }

  async #stopStages(timeoutMs: number): Promise<void> {
    for (const stage of [...this.#stages].reverse()) await Promise.all(stage.map((child) => child.stop(timeoutMs)));
  }
}
