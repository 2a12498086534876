// Prints the meta-schema of OpenRPC, and that of JSON Schema which it refers to.

import jsonSchema from '@json-schema-tools/meta-schema'
import openrpc from '@open-rpc/meta-schema'

console.log(
  JSON.stringify({ openrpc: openrpc.openrpcDocument, jsonSchema: jsonSchema.jsonSchema }),
)
