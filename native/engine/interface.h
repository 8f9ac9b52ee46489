// Node-API's declarations, with those that Node calls experimental.
#pragma once

#ifndef NAPI_EXPERIMENTAL
#define NAPI_EXPERIMENTAL
#endif
// finalizers get the whole environment: none runs inside the collector
#ifndef NODE_API_EXPERIMENTAL_BASIC_ENV_OPT_OUT
#define NODE_API_EXPERIMENTAL_BASIC_ENV_OPT_OUT
#endif

#include <node_api.h>
