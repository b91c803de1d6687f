"""Gives every demo organization limits that no proof reaches, as a platform administrator.

usage: lift_limits.py URL CREDENTIALS
"""
import asyncio
import sys

from platform_client import Demo, Platform

NO_LIMIT = {"api": {"per_minute": 1_000_000_000, "burst": 1_000_000_000},
            "telemetry": {"per_second": 1_000_000_000, "burst": 1_000_000_000},
            "bandwidth": {"bytes_per_second": 1_000_000_000_000}}


async def lift(root: Platform, organization: str) -> None:
    await root.call("PUT", f"/organizations/{organization}/quotas", {
        "limits": {"devices": None, "alarm_rules": None, "api_keys": None}, "rates": NO_LIMIT})


async def main(url: str, credentials: str) -> None:
    root = Platform(url)
    sign_in = Demo(credentials).sign_in("superadmin")
    await root.sign_in(sign_in["email"], sign_in["password"])
    for organization in await root.all("/organizations?limit=500"):
        await lift(root, organization["id"])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
