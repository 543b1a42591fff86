@0xc2a14174aa42a12a;
# Headers of the object store's stream protocol. Types 16 and up are Muster's and travel on its local socket only.

struct ObjectID {
  # 32 bytes; each field is eight of them read big-endian.
  field0 @0 :UInt64;
  field1 @1 :UInt64;
  field2 @2 :UInt64;
  field3 @3 :UInt64;
}

struct ObjectRequestHeader {
  objectID @0 :ObjectID;
  payloadLength @1 :UInt64;
  # Bytes that follow; in a get the most that are wanted.
  requestID @2 :UInt64;
  requestType @3 :Type;

  enum Type {
    setObject @0;
    getObject @1;
    deleteObject @2;
    duplicateObjectID @3;
    infoGetTotal @4;
  }
}

struct ObjectResponseHeader {
  objectID @0 :ObjectID;
  payloadLength @1 :UInt64;
  responseID @2 :UInt64;
  responseType @3 :Type;

  enum Type {
    setOK @0;
    getOK @1;
    delOK @2;
    delNotExists @3;
    duplicateOK @4;
    infoGetTotalOK @5;
  }
}
