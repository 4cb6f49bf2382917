"""Examples of the API description, with the values of the contract where it has some."""

from __future__ import annotations

from typing import Any

_PAGE: dict[str, Any] = {"total": 1, "limit": 50, "offset": 0, "hasMore": False}

API_KEY: dict[str, Any] = {
    "id": "7",
    "name": "ERP integration",
    "prefix": "jdk_4f1c9e02ab37",
    "teamId": "demo",
    "scope": "read-write",
    "roles": ["planner"],
    "allowedIps": ["203.0.113.0/24"],
    "rateLimitPerHour": 1000,
    "burstPerMinute": 100,
    "createdAt": "2025-11-06T15:00:00Z",
    "expiresAt": None,
    "lastUsedAt": None,
    "revokedAt": None,
}
API_KEYS: dict[str, Any] = {"apiKeys": [API_KEY], "pagination": _PAGE}
API_KEY_INPUT: dict[str, Any] = {
    "name": "ERP integration",
    "scope": "read-write",
    "roles": ["planner"],
    "allowedIps": ["203.0.113.0/24"],
    "expiresAt": None,
}
API_KEY_CREATED: dict[str, Any] = API_KEY | {"apiKey": "jdk_4f1c9e02ab37_the-secret-shown-this-once"}
API_KEY_PATCH: dict[str, Any] = {"scope": "read-only", "allowedIps": ["203.0.113.7/32"]}
REGENERATION: dict[str, Any] = {"overlapHours": 24}

WEBHOOK: dict[str, Any] = {
    "id": "3",
    "url": "https://erp.example.com/mes-hook",
    "events": ["order.completed", "woo.completed"],
    "isActive": True,
    "verified": True,
    "description": "ERP feedback",
    "createdAt": "2025-11-06T15:00:00Z",
    "updatedAt": "2025-11-06T15:00:00Z",
    "health": "active",
    "healthReason": None,
}
WEBHOOKS: dict[str, Any] = {"webhooks": [WEBHOOK], "pagination": _PAGE}
WEBHOOK_INPUT: dict[str, Any] = {
    "url": "https://erp.example.com/mes-hook",
    "events": ["order.completed", "woo.completed"],
    "description": "ERP feedback",
}
WEBHOOK_CREATED: dict[str, Any] = WEBHOOK | {"secret": "whsec_the-secret-shown-this-once"}
WEBHOOK_PATCH: dict[str, Any] = {"isActive": False}
WEBHOOK_CHALLENGED: dict[str, Any] = WEBHOOK | {"challengeSentAt": "2025-11-06T15:01:00Z"}
ROTATION: dict[str, Any] = {"overlapHours": 24}
DELIVERY: dict[str, Any] = {
    "id": "118",
    "webhookId": "3",
    "event": "order.completed",
    "status": "retrying",
    "attempts": 2,
    "nextAttemptAt": "2025-11-06T15:30:00Z",
    "responseStatus": 503,
    "lastError": "HTTP 503",
    "createdAt": "2025-11-06T15:00:00Z",
    "deliveredAt": None,
    "messageId": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
    "test": False,
    "replayOf": None,
}
DELIVERIES: dict[str, Any] = {"deliveries": [DELIVERY], "pagination": _PAGE}
DELIVERY_DETAIL: dict[str, Any] = DELIVERY | {
    "attemptLog": [
        {
            "attempt": 1,
            "at": "2025-11-06T15:00:00Z",
            "responseStatus": 503,
            "error": "HTTP 503",
            "durationMs": 41,
            "response": "try later",
        }
    ]
}
REPLAY_RANGE: dict[str, Any] = {
    "fromDate": "2025-11-06T00:00:00Z",
    "toDate": "2025-11-07T00:00:00Z",
    "status": "dead",
}
REPLAYED: dict[str, Any] = {"replayed": 12}

AUDIT_LOG: dict[str, Any] = {
    "entries": [
        {
            "id": "901",
            "occurredAt": "2025-11-06T15:00:00Z",
            "actorType": "user",
            "actorId": "1",
            "method": None,
            "path": None,
            "statusCode": None,
            "requestId": "req-4f0c2a6e9b1d4c7fa0e5d8b3c6a91f27",
            "entityType": "api_key",
            "entityId": "7",
            "before": None,
            "after": {"name": "ERP integration", "scope": "read-write"},
            "action": "api_key.create",
            "outcome": "allowed",
            "code": None,
            "reason": None,
            "username": "admin",
            "ip": "203.0.113.7",
        }
    ],
    "pagination": _PAGE,
}
