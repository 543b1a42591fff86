/** When `muster map` stops early: `never`, or `now|soon,fail|success|done=N`, or `…=N%`, as GNU parallel has it. */
export interface HaltRule {
  /** now: running jobs are stopped as well; soon: no further job is started. */
  readonly when: 'now' | 'soon';
  readonly counts: 'fail' | 'success' | 'done';
  /** Exactly one of the two is set. */
  readonly jobs: number | undefined;
  /** Of the jobs finished so far, once at least three are. */
  readonly percent: number | undefined;
}

/** Undefined for `never`; an Error value with what is allowed for anything that is no halt rule. */
export const parseHalt = (text: string): HaltRule | undefined | Error => {
  if (text === 'never') return undefined;
  const match = /^(now|soon),(fail|success|done)=(\d+)(%?)$/.exec(text);
  const amount = Number(match?.[3]);
  const isPercent = match?.[4] === '%';
  if (match === null || amount < 1 || (isPercent && amount > 100)) {
    return new Error(
      `"${text}" is no halt rule: write never, now,fail=1, soon,fail=3, now,success=1, soon,done=10 or now,fail=20%`,
    );
  }
  return {
    when: match[1] === 'now' ? 'now' : 'soon',
    counts: match[2] === 'fail' ? 'fail' : match[2] === 'success' ? 'success' : 'done',
    jobs: isPercent ? undefined : amount,
    percent: isPercent ? amount : undefined,
  };
};

export interface Tally {
  readonly succeeded: number;
  readonly failed: number;
}

/** Whether the rule holds after the jobs counted so far. Percentages wait for three finished jobs, as GNU parallel does. */
export const isHalted = (rule: HaltRule, tally: Tally): boolean => {
  const done = tally.succeeded + tally.failed;
  const counted = rule.counts === 'fail' ? tally.failed : rule.counts === 'success' ? tally.succeeded : done;
  if (rule.jobs !== undefined) return counted >= rule.jobs;
  return rule.percent !== undefined && done >= 3 && (100 * counted) / done >= rule.percent;
};
