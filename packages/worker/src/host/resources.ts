/** Figures of a heartbeat; cheap enough for every two seconds. */
import { freemem } from 'node:os';
import type { Resource } from '@muster/protocol/messages';
import { cpuMs } from './proc.ts';

const PERMILLE = 1000;

const permille = (busyMs: number, wallMs: number): number =>
  wallMs <= 0 ? 0 : Math.min(PERMILLE, Math.max(0, Math.round((busyMs / wallMs) * PERMILLE)));

export interface Resources {
  /** Of this process. */
  own(): Resource;
  processor(pid: number, rssBytes: number): Resource;
}

/** CPU shares are measured from one call to the next. */
export const createResources = (): Resources => {
  let ownAt = performance.now();
  let ownCpu = process.cpuUsage();
  let other: { readonly pid: number; readonly at: number; readonly ms: number } | undefined;
  return {
    own: () => {
      const now = performance.now();
      const used = process.cpuUsage(ownCpu);
      const cpu = permille((used.user + used.system) / 1000, now - ownAt);
      ownAt = now;
      ownCpu = process.cpuUsage();
      return { cpu, rssBytes: process.memoryUsage.rss() };
    },
    processor: (pid, rssBytes) => {
      const now = performance.now();
      const ms = cpuMs(pid) ?? 0;
      const cpu = other?.pid === pid ? permille(ms - other.ms, now - other.at) : 0;
      other = { pid, at: now, ms };
      return { cpu, rssBytes };
    },
  };
};

/** What a container leaves us, where it limits us, else the machine's. */
export const freeBytes = (): number => process.availableMemory?.() ?? freemem();
