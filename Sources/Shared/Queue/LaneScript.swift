/// The scripts of Queue/Lua, embedded at build. What each promises stands in its file.
package enum LaneScript {
    package static let acquire = RedisScript(source: PackageResources.acquire_lua)
    package static let renew = RedisScript(source: PackageResources.renew_lua)
    package static let release = RedisScript(source: PackageResources.release_lua)
    package static let beginAlone = RedisScript(source: PackageResources.begin_alone_lua)
    package static let withdrawAlone = RedisScript(source: PackageResources.withdraw_alone_lua)
    package static let heartbeat = RedisScript(source: PackageResources.heartbeat_lua)
    package static let settle = RedisScript(source: PackageResources.settle_lua)
    package static let settleParked = RedisScript(source: PackageResources.settle_parked_lua)
    package static let enqueue = RedisScript(source: PackageResources.enqueue_lua)
    package static let push = RedisScript(source: PackageResources.push_lua)
    /// For the operator's command alone.
    package static let mendParked = RedisScript(source: PackageResources.mend_parked_lua)

    /// All that a worker calls, to be loaded by each new connection.
    package static let worker = [
        acquire, renew, release, beginAlone, withdrawAlone, heartbeat, settle, settleParked, push,
    ]
}
