/** What is known of one process of this machine, whatever told us. */
export interface ProcessEntry {
  readonly pid: number;
  readonly ppid: number;
  readonly pgid: number;
  /** Session; undefined where the system does not tell. */
  readonly sid: number | undefined;
  /** Tells two processes with the same pid apart. */
  readonly start: string;
  /** Order of starts, for the oldest of several; equal where the system is too coarse. */
  readonly startedAt: number;
  readonly zombie: boolean;
  /** `MUSTER_OWNER` and `MUSTER_GROUP_ID` of its environment. */
  readonly mark: GroupMark | undefined;
}

export interface GroupMark {
  readonly owner: string;
  readonly group: string;
}

/** All processes of our own user. Those of others are never looked into. */
export type ReadProcesses = () => Promise<readonly ProcessEntry[]>;
