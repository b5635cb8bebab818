public import WeirModel
public import WeirStore

/// To whom things belong, as the permission table asks it.
extension ProjectRecord {
    /// A project is for everybody in its workspace (IDW-08).
    func ownership(for caller: Caller) -> Ownership { createdBy == caller.id ? .own : .shared }

    public func allows(_ permission: Permission, to caller: Caller, _ role: Role) -> Bool {
        role.may(permission, ownership(for: caller))
    }
}

extension AssetRecord {
    func ownership(for caller: Caller) -> Ownership {
        keeper == caller.id ? .own : visibility == .workspace ? .shared : .personal
    }

    public func allows(_ permission: Permission, to caller: Caller, _ role: Role) -> Bool {
        role.may(permission, ownership(for: caller))
    }
}

extension WorkloadRecord {
    func ownership(for account: Identifier<Account>, _ permission: Permission) -> Ownership {
        if createdBy == account { return .own }
        let isShared = permission == .readLog ? spec.hasOpenLog : spec.isShared
        return isShared ? .shared : .personal
    }

    /// What an account with this role can do with it now, in the order of the table of operations.
    public func operations(for account: Identifier<Account>, _ role: Role) -> [WorkloadOperation] {
        let possible = state.operations(for: kind)
        return WorkloadOperation.allCases.filter {
            possible.contains($0) && role.may($0.permission, ownership(for: account, $0.permission))
        }
    }

    /// Whether an account with this role may see or do something that depends on no state.
    public func allows(_ permission: Permission, to account: Identifier<Account>, _ role: Role) -> Bool {
        role.may(permission, ownership(for: account, permission))
    }
}

extension WorkloadOperation {
    var permission: Permission {
        switch self {
        case .enter: .enter
        // The flavor is that of the next run: whoever may start it chooses it.
        case .start, .switchFlavor: .startWorkload
        case .stop: .stopWorkload
        case .delete: .deleteWorkload
        case .rerun: .createWorkload
        }
    }
}
