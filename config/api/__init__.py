"""The door of the JSON API: keys, scopes, limits, bodies, lists, conditions, the OpenAPI document. Knows no resource."""
