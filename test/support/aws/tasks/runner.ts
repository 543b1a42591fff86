/** What stands in for Fargate's machines: something that can start a container, and tell when it ended. */

export interface ContainerLaunch {
  readonly taskArn: string;
  readonly containerName: string;
  readonly image: string;
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  /** Of the definition, the override, the secrets, and what Fargate adds. */
  readonly environment: Readonly<Record<string, string>>;
  readonly cpu: number;
  readonly memoryMib: number;
  readonly isSpot: boolean;
}

export interface ContainerExit {
  /** 128 + the signal's number for one that a signal ended. */
  readonly code: number;
  /** As in `containers[].reason`, such as `OutOfMemoryError: Container killed due to memory usage`. */
  readonly reason?: string;
}

export interface ContainerEvents {
  started(): void;
  /** It never ran; the text is the reason that ECS shows. Nothing follows. */
  failed(reason: string): void;
  /** Once, after `started`. */
  exited(exit: ContainerExit): void;
  /** A line that it wrote. */
  line(text: string): void;
}

export interface ContainerHandle {
  /** SIGTERM. */
  terminate(): void;
  /** SIGKILL. */
  kill(): void;
}

/** Events may come inside `start`. */
export interface TaskRunner {
  start(launch: ContainerLaunch, events: ContainerEvents): ContainerHandle;
  /** Ends what still runs. */
  close?(): Promise<void>;
}
