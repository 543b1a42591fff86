@0xa4dfa1212ad2d0f0;
# What processes report about themselves: heartbeats and the monitor channel.

using Common = import "common.capnp";

struct Resource {
  cpu @0 :UInt16;
  # Permille of one core.
  rss @1 :UInt64;
  # Bytes.
}

struct ObjectManagerStatus {
  numberOfObjects @0 :UInt32;
}

struct ClientManagerStatus {
  clientToNumOfTask @0 :List(Pair);

  struct Pair {
    client @0 :Data $Common.latin1;
    numTask @1 :UInt32;
  }
}

struct TaskManagerStatus {
  stateToCount @0 :List(Pair);

  struct Pair {
    state @0 :UInt8;
    # Number of a TaskState.
    count @1 :UInt32;
  }
}

struct ProcessorStatus {
  pid @0 :UInt32;
  initialized @1 :Bool;
  hasTask @2 :Bool;
  suspended @3 :Bool;
  resource @4 :Resource;
}

struct WorkerStatus {
  workerId @0 :Data $Common.latin1;
  agent @1 :Resource;
  rssFree @2 :UInt64;
  free @3 :UInt32;
  sent @4 :UInt32;
  queued @5 :UInt32;
  suspended @6 :UInt8;
  lagUS @7 :UInt64;
  lastS @8 :UInt8;
  itl @9 :Text;
  # Three digits: initialized, has a task, task lock.
  processorStatuses @10 :List(ProcessorStatus);
}

struct WorkerManagerStatus {
  workers @0 :List(WorkerStatus);
}

struct ScalingManagerStatus {
  workerGroups @0 :List(Pair);

  struct Pair {
    workerGroupID @0 :Data $Common.latin1;
    workerIDs @1 :List(Data) $Common.latin1;
  }
}

struct BinderStatus {
  received @0 :List(Pair);
  sent @1 :List(Pair);

  struct Pair {
    client @0 :Text;
    # Holds the name of a message class, in spite of its name.
    number @1 :UInt32;
  }
}
