/** Tags of clusters, task definitions and tasks. */
import type {
  ListTagsForResourceRequest,
  ListTagsForResourceResponse,
  Tag,
  TagResourceRequest,
  UntagResourceRequest,
} from '@aws-sdk/client-ecs';
import { operation } from '../service.ts';
import type { Operation } from '../service.ts';
import { AwsError } from '../wire/errors.ts';
import { definitionOf } from './definitions.ts';
import type { Ecs } from './state.ts';
import { change, invalid, lastPart } from './state.ts';

/** Source: ECS API reference, Tag: 50 a resource, 128 and 256 characters, `aws:` reserved, keys unique. */
export const checkTags = (tags: readonly Tag[] | undefined): readonly Tag[] => {
  const all = tags ?? [];
  if (all.length > 50) throw invalid('Tags can have a maximum of 50 entries.');
  const keys = new Set<string>();
  for (const { key = '', value = '' } of all) {
    if (key.length < 1 || key.length > 128) throw invalid(`Tag key '${key}' must have 1 to 128 characters.`);
    if (value.length > 256) throw invalid(`The value of tag '${key}' exceeds 256 characters.`);
    if (/^aws:/i.test(key)) throw invalid(`Tag keys must not start with aws: ('${key}').`);
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(key + value))
      throw invalid(`Tag '${key}' has a character that is not allowed.`);
    if (keys.has(key)) throw invalid(`Duplicate tag key '${key}'.`);
    keys.add(key);
  }
  return all;
};

interface Tagged {
  readonly tags: readonly Tag[];
  set(tags: readonly Tag[]): void;
}

const taggedOf = (ecs: Ecs, arn: string): Tagged => {
  if (arn.includes(':cluster/')) {
    const cluster = ecs.clusters.get(lastPart(arn));
    if (cluster?.view.status === 'ACTIVE')
      return { tags: cluster.tags, set: (tags) => void (cluster.tags = tags) };
    throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
  }
  if (arn.includes(':task-definition/')) {
    const definition = definitionOf(ecs, arn);
    if (definition !== undefined)
      return { tags: definition.tags, set: (tags) => void (definition.tags = tags) };
  }
  const task = ecs.tasks.get(arn);
  if (task !== undefined && task.stoppedAt === undefined)
    return { tags: task.task.tags ?? [], set: (tags) => change(ecs, task, { tags: [...tags] }) };
  throw new AwsError('ResourceNotFoundException', 'The specified resource could not be found.');
};

const merged = (old: readonly Tag[], added: readonly Tag[]): readonly Tag[] => {
  const tags = new Map(old.map((tag) => [tag.key ?? '', tag]));
  for (const tag of added) tags.set(tag.key ?? '', tag);
  return [...tags.values()];
};

export const tagOperations = (ecs: Ecs): Readonly<Record<string, Operation>> => ({
  TagResource: operation<TagResourceRequest>({
    needs: ({ resourceArn }) => [{ action: 'ecs:TagResource', resource: resourceArn ?? '' }],
    handle: ({ resourceArn, tags }) => {
      const tagged = taggedOf(ecs, resourceArn ?? '');
      const all = merged(tagged.tags, checkTags(tags));
      if (all.length > 50) throw invalid('Tags can have a maximum of 50 entries.');
      tagged.set(all);
      return {};
    },
  }),
  UntagResource: operation<UntagResourceRequest>({
    needs: ({ resourceArn }) => [{ action: 'ecs:UntagResource', resource: resourceArn ?? '' }],
    handle: ({ resourceArn, tagKeys }) => {
      const tagged = taggedOf(ecs, resourceArn ?? '');
      tagged.set(tagged.tags.filter(({ key }) => tagKeys?.includes(key ?? '') !== true));
      return {};
    },
  }),
  ListTagsForResource: operation<ListTagsForResourceRequest>({
    needs: ({ resourceArn }) => [{ action: 'ecs:ListTagsForResource', resource: resourceArn ?? '' }],
    handle: ({ resourceArn }): ListTagsForResourceResponse => ({
      tags: [...taggedOf(ecs, resourceArn ?? '').tags],
    }),
  }),
});
