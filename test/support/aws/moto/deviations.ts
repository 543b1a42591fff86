/**
 * Where moto 5.2 answers differently from AWS, step by step of the story, and why that is moto's doing. A step that comes
 * to agree must be taken off. Source: moto's implementation of ECS, against the ECS API reference.
 */
export const DEVIATIONS: Readonly<Record<string, string>> = {
  'a size that is not sold': 'moto checks no sizes, so it has one revision more',
  'with the same token once more': 'moto ignores client tokens',
  'with the same token and other words': 'moto ignores client tokens',
  'eleven at once': 'moto has no limit of ten',
  'it runs': 'moto moves a task at each look, whoever looks; and see the size that is not sold',
  'a task that is not there': 'moto leaves unknown ids out, instead of MISSING',
  'it has stopped': 'moto sets no stopCode',
  'it is no longer listed': 'moto goes on listing stopped tasks',
  'a task that is not there is stopped': 'moto answers with a page of HTML',
};

/** Steps in which older ones among the releases 5.2 differ as well. Seen: 5.2.1 does, 5.2.5 does not. */
export const OLDER_DEVIATIONS: Readonly<Record<string, string>> = {
  'on Spot': 'moto fails on a capacity provider strategy in RunTask, with a page of HTML',
};
