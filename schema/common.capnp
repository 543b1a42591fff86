@0xf57f79ac88fab620;
# Words that several messages share, and the annotations that steer the code generator.
#
# Layouts are those of OpenGRIS Scaler 1.15.0. What Muster appends is marked `$own`: it comes after every
# stock field, and stock peers neither send nor read it. See README.md for the rules of change.

annotation own @0xd2d3a9b1c1f04a11 (field, enumerant, struct, enum) :Void;
# Appended by Muster. A struct is written in its stock size as long as no `$own` field of it is set.

annotation latin1 @0xd2d3a9b1c1f04a12 (field) :Void;
# On Data and List(Data): an identifier, in TypeScript a string with one character per byte, so that it can
# key a Map and be compared in one step.

annotation interned @0xd2d3a9b1c1f04a13 (field) :Void;
# On `$latin1` Data: the same few values come again and again; the reader hands out one string for them.

annotation slice @0xd2d3a9b1c1f04a14 (field) :Void;
# On Data and List(Data): read as a place in the buffer, which costs less than a view and never copies. For
# whole message frames, and for bytes whose meaning another field decides.

annotation head @0xd2d3a9b1c1f04a15 (field) :Void;
# Part of what a router reads: the generator emits a `peek` that decodes only these fields.

enum TaskResultType {
  success @0;
  failed @1;
  failedWorkerDied @2;
}

enum TaskCancelConfirmType {
  canceled @0;
  cancelFailed @1;
  cancelNotFound @2;
}

enum TaskState {
  inactive @0;
  running @1;
  canceling @2;
  balanceCanceling @3;
  success @4;
  failed @5;
  failedWorkerDied @6;
  canceled @7;
  canceledNotFound @8;
  balanceCanceled @9;
  workerDisconnecting @10;
}

enum WorkerState {
  connected @0;
  disconnected @1;
}

struct TaskCapability {
  name @0 :Text;
  value @1 :Int64;
  # -1: the capability has no quantity.
}

struct ObjectMetadata {
  # Three lists that belong together element by element; a deletion leaves the last two empty.
  objectIds @0 :List(Data) $latin1;
  objectTypes @1 :List(ContentType);
  objectNames @2 :List(Data) $latin1;

  enum ContentType {
    serializer @0;
    object @1;
  }
}

struct ObjectStorageAddress {
  host @0 :Text;
  # An IP literal: stock workers refuse host names.
  port @1 :UInt16;
}

struct EchoExtras $own {
  # What a scheduler of ours tells a peer of ours with every echo.
  features @0 :UInt32;
  epoch @1 :Text;
  # Identity of the scheduler process.
  storePath @2 :Text;
  # Path of the object store's local socket; empty where there is none.
  storeEpoch @3 :Text;
  # Identity of the object store process; empty while it is down.
}

struct TaskAttempts $own {
  # Statements about tasks: two lists that belong together element by element.
  taskIds @0 :List(Data) $latin1;
  attempts @1 :List(UInt32);
}
