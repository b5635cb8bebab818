import Logging
import WeirEngine
import WeirModel
import WeirStore

extension Reconciler {
    /// Lets in what waits, oldest first, as far as there is room (QUO-05, X22).
    ///
    /// One that does not fit keeps what is free for itself: a later one passes only on what the earlier does not need,
    /// so that nothing waits for ever.
    func admit() async {
        guard !isAdmitting else {
            admitsAgain = true
            return
        }
        isAdmitting = true
        defer { isAdmitting = false }
        repeat {
            admitsAgain = false
            do {
                try await admitOnce()
            } catch {
                logger.error("letting in failed and is tried at the next change", metadata: ["error": "\(error)"])
            }
        } while admitsAgain && !Task.isCancelled
    }

    private func admitOnce() async throws {
        let total = try await zones.total()
        let capacity = try await zones.capacity()
        var reserved = Resources.none
        for workload in try await store.read({ try $0.queuedWorkloads() }) {
            let need = workload.spec.resources
            let taken = held.values.reduce(reserved) { $0 + $1.resources }
            if held[workload.id] == nil, (taken + need).fits(in: total), let instances = place(workload, capacity) {
                try await letIn(workload, instances)
            } else {
                if need.fits(in: total) { reserved = reserved + need }
                if workload.queueReason != .resources {
                    try await store.write { try $0.setQueueReason(.resources, of: workload.id) }
                    signals.changed(in: workload.workspace)
                }
            }
        }
    }

    /// One instance record for each replica, with its GPUs; nil when no GPU has room.
    private func place(_ workload: WorkloadRecord, _ capacity: EngineCapacity) -> [InstanceRecord]? {
        var devices = gpuDevices(capacity)
        var instances: [InstanceRecord] = []
        for position in 0..<workload.spec.replicas {
            var chosen: [String] = []
            if let share = workload.spec.flavor.gpu {
                guard let names = GPUPlacement.choose(share, among: devices) else { return nil }
                chosen = names
                for index in devices.indices where names.contains(devices[index].name) {
                    devices[index].computeHeld += min(share.compute, 1000)
                    devices[index].memoryHeld += share.memory
                }
            }
            instances.append(newInstance(of: workload, position: position, attempt: 0, devices: chosen))
        }
        return instances
    }

    private func gpuDevices(_ capacity: EngineCapacity) -> [GPUPlacement.Device] {
        var devices = capacity.gpus.map { GPUPlacement.Device(name: $0.device, memory: $0.memory) }
        for (names, share) in devicesHeld.values {
            for index in devices.indices where names.contains(devices[index].name) {
                devices[index].computeHeld += min(share.compute, 1000)
                devices[index].memoryHeld += share.memory
            }
        }
        return devices
    }

    func newInstance(of workload: WorkloadRecord, position: Int, attempt: Int, devices: [String]) -> InstanceRecord {
        let now = clock.now()
        return InstanceRecord(
            id: identifiers.next(Instance.self, at: now), workload: workload.id, run: workload.run, position: position,
            attempt: attempt, devices: devices, createdAt: now)
    }

    /// The instances are in the store before the engine hears of them, so that none can be forgotten.
    private func letIn(_ workload: WorkloadRecord, _ instances: [InstanceRecord]) async throws {
        let now = clock.now()
        // Held before it is written, so that whoever looks in between does not give it out twice.
        held[workload.id] = Holding(run: workload.run, resources: workload.spec.resources)
        let isIn: Bool
        do {
            isIn = try await write(workload, instances, at: now)
        } catch {
            held[workload.id] = nil
            throw error
        }
        guard isIn else {
            held[workload.id] = nil
            return
        }
        for instance in instances {
            fresh.insert(instance.id)
            hold(instance, workload.spec)
        }
        signals.changed(in: workload.workspace)
        signals.send(.workload(workload.id))
    }

    /// False when a person was quicker.
    private func write(_ workload: WorkloadRecord, _ instances: [InstanceRecord], at now: Timestamp) async throws -> Bool {
        try await store.write { db -> Bool in
            guard let current = try db.read.workload(workload.id), current.state == .queued, current.wanted == .running,
                current.run == workload.run
            else { return false }
            try db.apply(.admitted, to: current, cause: Cause("admitted"), at: now)
            for instance in instances { try db.insert(instance) }
            return true
        }
    }
}
