@0xaf44f44ea94a4675;
# Every frame between scheduler, clients, workers and adapters is one `Message`.

using Common = import "common.capnp";
using Reports = import "status.capnp";

struct Task {
  taskId @0 :Data $Common.latin1 $Common.head;
  source @1 :Data $Common.latin1 $Common.interned $Common.head;
  # Identity of the client; frames of ours leave it out.
  metadata @2 :Data $Common.head;
  # Six bytes, big-endian: profiling (u8), priority (i32), stream output (u8). Empty: the default.
  funcObjectId @3 :Data $Common.latin1 $Common.interned $Common.head;
  functionArgs @4 :List(Argument);
  capabilities @5 :List(Common.TaskCapability) $Common.head;
  timeoutMs @6 :UInt32 $Common.own;
  # Wall time of one attempt; 0: no limit.
  attemptsMax @7 :UInt16 $Common.own $Common.head;
  # How often the task may be lost with its worker; 0: the scheduler's default.

  struct Argument {
    type @0 :Type;
    data @1 :Data $Common.slice;
    # A task id, an object id, or the encoded value itself.

    enum Type {
      task @0;
      objectID @1;
      inline @2 $Common.own;
    }
  }
}

struct TaskCancel {
  taskId @0 :Data $Common.latin1;
  flags @1 :Flags;

  struct Flags {
    force @0 :Bool;
  }
}

struct TaskLog {
  taskId @0 :Data $Common.latin1;
  logType @1 :Stream;
  content @2 :Text;

  enum Stream {
    stdout @0;
    stderr @1;
  }
}

struct TaskResult {
  taskId @0 :Data $Common.latin1 $Common.head;
  resultType @1 :Common.TaskResultType $Common.head;
  metadata @2 :Data $Common.head;
  # Sixteen bytes, big-endian: duration in seconds (f32), memory peak in bytes (u64), CPU seconds (f32).
  results @3 :List(Data) $Common.latin1 $Common.head;
  inline @4 :Data $Common.own;
  # The encoded value, or the encoded error of a failure.
}

struct TaskCancelConfirm {
  taskId @0 :Data $Common.latin1;
  cancelConfirmType @1 :Common.TaskCancelConfirmType;
}

struct GraphTask {
  taskId @0 :Data $Common.latin1;
  source @1 :Data $Common.latin1;
  targets @2 :List(Data) $Common.latin1;
  graph @3 :List(Task);
}

struct ClientHeartbeat {
  resource @0 :Reports.Resource;
  latencyUS @1 :UInt32;
  features @2 :UInt32 $Common.own;
}

struct ClientHeartbeatEcho {
  objectStorageAddress @0 :Common.ObjectStorageAddress;
  extras @1 :Common.EchoExtras $Common.own;
}

struct WorkerHeartbeat {
  agent @0 :Reports.Resource;
  rssFree @1 :UInt64;
  queueSize @2 :UInt32;
  queuedTasks @3 :UInt32;
  latencyUS @4 :UInt32;
  taskLock @5 :Bool;
  processors @6 :List(Reports.ProcessorStatus);
  capabilities @7 :List(Common.TaskCapability);
  features @8 :UInt32 $Common.own;
}

struct WorkerHeartbeatEcho {
  objectStorageAddress @0 :Common.ObjectStorageAddress;
  extras @1 :Common.EchoExtras $Common.own;
}

struct WorkerAdapterHeartbeat {
  maxWorkerGroups @0 :UInt32;
  workersPerGroup @1 :UInt32;
  capabilities @2 :List(Common.TaskCapability);
  adapterId @3 :Data $Common.latin1 $Common.own;
  # Same slot as the workerManagerID of later OpenGRIS releases.
  groups @4 :List(GroupStatus) $Common.own;
  # Every group the provider shows.
  features @5 :UInt32 $Common.own;
  offers @6 :List(GroupOffer) $Common.own;
  # What it can start, where that is more than groups of `capabilities` that cost nothing.
  trouble @7 :Text $Common.own;
  # What keeps it from starting anything; empty for nothing.
  count @8 :UInt32 $Common.own;
  # Of this process's heartbeats, from 1: one that comes after a later one says what is no longer so.

  struct GroupOffer $Common.own {
    name @0 :Text;
    capabilities @1 :List(Common.TaskCapability);
    microdollarsPerHour @2 :UInt32;
    # Price of one group.
    billedMinimumMs @3 :UInt32;
    # A group is paid for at least this long.
  }

  struct GroupStatus $Common.own {
    groupId @0 :Data $Common.latin1;
    state @1 :State;
    nativeId @2 :Text;

    enum State $Common.own {
      pending @0;
      starting @1;
      running @2;
      stopping @3;
    }
  }
}

struct WorkerAdapterHeartbeatEcho {
  extras @0 :Common.EchoExtras $Common.own;
  registered @1 :List(Data) $Common.latin1 $Common.own;
  # Groups of this adapter with a registered worker.
}

enum WorkerAdapterCommandType {
  startWorkerGroup @0;
  shutdownWorkerGroup @1;
  none @2 $Common.own;
  # In a response: the status of a group, unasked.
}

struct WorkerAdapterCommand {
  workerGroupID @0 :Data $Common.latin1;
  # Empty in a start for a stock adapter, which mints the id itself.
  command @1 :WorkerAdapterCommandType;
  capabilities @2 :List(Common.TaskCapability);
  epoch @3 :Text $Common.own;
  # The scheduler process that says so; left out for a stock adapter.
}

struct WorkerAdapterCommandResponse {
  workerGroupID @0 :Data $Common.latin1;
  workerIDs @1 :List(Data) $Common.latin1;
  command @2 :WorkerAdapterCommandType;
  status @3 :Status;
  capabilities @4 :List(Common.TaskCapability);
  reason @5 :Text $Common.own;
  failure @6 :FailureKind $Common.own;

  enum Status {
    workerGroupIDNotSpecified @0;
    workerGroupIDNotFound @1;
    workerGroupShutdown @2;
    unknownAction @3;
    workerGroupTooMuch @4;
    success @5;
    pending @6 $Common.own;
  }

  enum FailureKind $Common.own {
    none @0;
    capacity @1;
    quota @2;
    unauthorized @3;
    invalid @4;
    throttled @5;
    unknown @6;
  }
}

struct ObjectInstruction {
  instructionType @0 :Type;
  objectUser @1 :Data $Common.latin1;
  objectMetadata @2 :Common.ObjectMetadata;

  enum Type {
    create @0;
    delete @1;
    clear @2;
  }
}

struct DisconnectRequest {
  worker @0 :Data $Common.latin1;
}

struct DisconnectResponse {
  worker @0 :Data $Common.latin1;
}

struct ClientDisconnect {
  disconnectType @0 :Type;

  enum Type {
    disconnect @0;
    shutdown @1;
  }
}

struct ClientShutdownResponse {
  accepted @0 :Bool;
}

struct StateClient {
}

struct StateObject {
}

struct StateBalanceAdvice {
  workerId @0 :Data $Common.latin1;
  taskIds @1 :List(Data) $Common.latin1;
}

struct StateScheduler {
  binder @0 :Reports.BinderStatus;
  scheduler @1 :Reports.Resource;
  rssFree @2 :UInt64;
  clientManager @3 :Reports.ClientManagerStatus;
  objectManager @4 :Reports.ObjectManagerStatus;
  taskManager @5 :Reports.TaskManagerStatus;
  workerManager @6 :Reports.WorkerManagerStatus;
  scalingManager @7 :Reports.ScalingManagerStatus;
}

struct StateWorker {
  workerId @0 :Data $Common.latin1;
  state @1 :Common.WorkerState;
  capabilities @2 :List(Common.TaskCapability);
}

struct StateTask {
  taskId @0 :Data $Common.latin1;
  functionName @1 :Data $Common.latin1;
  state @2 :Common.TaskState;
  worker @3 :Data $Common.latin1;
  capabilities @4 :List(Common.TaskCapability);
  metadata @5 :Data;
}

struct StateGraphTask {
  graphTaskId @0 :Data $Common.latin1;
  taskId @1 :Data $Common.latin1;
  nodeTaskType @2 :NodeTaskType;
  parentTaskIds @3 :List(Data) $Common.latin1;

  enum NodeTaskType {
    normal @0;
    target @1;
  }
}

struct ProcessorInitialized {
}

struct InformationRequest {
  request @0 :Data;
}

struct InformationResponse {
  response @0 :Data;
}

struct TaskBatch $Common.own {
  # client → scheduler and scheduler → worker.
  tasks @0 :List(Data) $Common.slice;
  # Whole `Message` frames that hold a `task`.
  attempts @1 :List(UInt32);
  # One per task; left out when every one is 0.
  sources @2 :List(Data) $Common.latin1;
  # Clients that own tasks whose frame leaves the source out.
  sourceOf @3 :List(UInt16);
  # One per task: index into `sources`. Left out when there are no sources.
}

struct TaskResultBatch $Common.own {
  results @0 :List(Data) $Common.slice;
  # Whole `Message` frames that hold a `taskResult`.
  attempts @1 :List(UInt32);
}

struct ResultAck $Common.own {
  tasks @0 :Common.TaskAttempts;
}

struct TakeBack $Common.own {
  tasks @0 :Common.TaskAttempts;
}

struct TasksReturned $Common.own {
  returned @0 :Common.TaskAttempts;
  kept @1 :Common.TaskAttempts;
}

struct TasksHeld $Common.own {
  tasks @0 :Common.TaskAttempts;
}

struct Drain $Common.own {
  action @0 :Action;

  enum Action $Common.own {
    drain @0;
    callOff @1;
  }
}

struct DrainStatus $Common.own {
  status @0 :Phase;
  reason @1 :Text;

  enum Phase $Common.own {
    draining @0;
    drained @1;
  }
}

struct Message {
  union {
    task @0 :Task;
    taskCancel @1 :TaskCancel;
    taskCancelConfirm @2 :TaskCancelConfirm;
    taskResult @3 :TaskResult;
    taskLog @4 :TaskLog;

    graphTask @5 :GraphTask;

    objectInstruction @6 :ObjectInstruction;

    clientHeartbeat @7 :ClientHeartbeat;
    clientHeartbeatEcho @8 :ClientHeartbeatEcho;
    workerHeartbeat @9 :WorkerHeartbeat;
    workerHeartbeatEcho @10 :WorkerHeartbeatEcho;

    disconnectRequest @11 :DisconnectRequest;
    disconnectResponse @12 :DisconnectResponse;

    stateClient @13 :StateClient;
    stateObject @14 :StateObject;
    stateBalanceAdvice @15 :StateBalanceAdvice;
    stateScheduler @16 :StateScheduler;
    stateWorker @17 :StateWorker;
    stateTask @18 :StateTask;
    stateGraphTask @19 :StateGraphTask;

    clientDisconnect @20 :ClientDisconnect;
    clientShutdownResponse @21 :ClientShutdownResponse;

    processorInitialized @22 :ProcessorInitialized;

    informationRequest @23 :InformationRequest;
    informationResponse @24 :InformationResponse;

    workerAdapterHeartbeat @25 :WorkerAdapterHeartbeat;
    workerAdapterHeartbeatEcho @26 :WorkerAdapterHeartbeatEcho;
    workerAdapterCommand @27 :WorkerAdapterCommand;
    workerAdapterCommandResponse @28 :WorkerAdapterCommandResponse;

    taskBatch @29 :TaskBatch $Common.own;
    taskResultBatch @30 :TaskResultBatch $Common.own;
    resultAck @31 :ResultAck $Common.own;
    takeBack @32 :TakeBack $Common.own;
    tasksReturned @33 :TasksReturned $Common.own;
    tasksHeld @34 :TasksHeld $Common.own;
    drain @35 :Drain $Common.own;
    drainStatus @36 :DrainStatus $Common.own;
  }
}
