import Alarms
import Kernel
import Telemetry

extension Lane {
    /// Decides what the messages change, in memory and in the statement. Pure but for the ids of new alarms.
    ///
    /// Only values that are newer than what is known of their datapoint, and good, become the latest and are judged by
    /// rules: late and repeated messages are stored, and otherwise change nothing. So a message has the same effect
    /// however often and in whatever order it comes.
    func decide(_ work: inout LaneWork, _ range: Range<Int>, rules: [RuleBook], mayBeFresh: Bool) {
        commit.removeAll()
        commit.isFresh = mayBeFresh
        decision += 1
        for index in range {
            let message = work.messages[index]
            let submission = work.deliveries[Int(message.delivery)].submission
            guard let state = sources.find(message.source),
                state.profile.place.organizationID == submission.book.id
            else {
                work.fail(message.delivery, with: .notFound("device"))
                continue
            }
            let rules = rules[Int(message.delivery)]
            if state.profile.rules !== rules { move(state, to: rules) }
            let time = time(of: message, submission, state)
            work.messages[index].time = time
            commit.positions.append(index)
            decide(submission, message, at: time, state)
        }
        finishDecision()
    }

    private func move(_ state: SourceState, to rules: RuleBook) {
        var place = state.profile.place
        place.deviceID = state.deviceID.flatMap { rules.hasRules(of: $0) ? $0 : nil }
        state.profile = profile(at: place, rules: rules)
    }

    /// A message without a time takes that of its receipt, a millisecond after the one before it where that is taken: two
    /// such messages of one request are two measurements.
    private func time(of message: LaneMessage, _ submission: Submission, _ state: SourceState) -> Int64 {
        guard message.time == LaneMessage.unset else { return message.time }
        let part = message.part
        if part > 0 { return state.lastGiven }
        state.lastGiven = max(submission.receivedAt.milliseconds, state.lastGiven == .min ? .min : state.lastGiven + 1)
        return state.lastGiven
    }

    private func decide(_ submission: Submission, _ message: LaneMessage, at time: Int64, _ state: SourceState) {
        let batch = submission.batch
        let sent = batch.messages[Int(message.message)]
        let keyset = submission.shapes[Int(sent.shape)].keysets[Int(message.part)]
        let first = Int(sent.firstValue)
        commit.append(
            source: state.source, keyset: keyset, time: time, receivedAt: submission.receivedAt,
            provenance: MessageProvenance(origin: submission.origin, type: sent.type), batch: batch, firstValue: first)
        if time > state.newestStored { state.newestStored = time } else { commit.isFresh = false }
        meet(state, at: submission.receivedAt)
        // A clock that runs far ahead would otherwise hold the latest values for years.
        guard time <= submission.receivedAt.milliseconds + settings.toleratedLead.wholeMilliseconds else { return }
        let plan = state.profile.plan(for: keyset)
        if batch.others.isEmpty, batch.qualities.isEmpty, state.latest.others.isEmpty,
            state.latest.isReplaced(by: keyset.keyNumbers, at: time)
        {
            for planned in plan {
                let previous =
                    state.latest.numbers.isEmpty ? nil : AlarmValue.number(state.latest.numbers[planned.position])
                let value = batch.values[first + Int(keyset.sentPositions[planned.position])]
                judge(planned.held, state, previous: previous, value: .number(value), at: time)
            }
            state.latest.replace(keys: keyset.keyNumbers, time: time) {
                batch.values[first + Int(keyset.sentPositions[$0])]
            }
            markChanged(state)
        } else {
            takeOneByOne(batch, first, keyset, plan, at: time, state)
        }
    }

    private func takeOneByOne(
        _ batch: MessageBatch, _ first: Int, _ keyset: Keyset, _ plan: [SourceProfile.PlannedRule], at time: Int64,
        _ state: SourceState
    ) {
        var rules = plan[...]
        for (position, key) in keyset.keyNumbers.enumerated() {
            let place = first + Int(keyset.sentPositions[position])
            let found = state.latest.find(key, newerThan: time)
            let isTaken = found.isNewer && batch.quality(at: place) == .good
            let number = batch.values[place]
            let other = number.isNaN ? batch.other(at: place) : nil
            while let planned = rules.first, planned.position == position {
                rules = rules.dropFirst()
                guard isTaken, let value = other.map({ AlarmValue(other: $0) }) ?? .number(number) else { continue }
                let previous = found.exists ? state.latest.value(at: found.position) : nil
                judge(planned.held, state, previous: previous, value: value, at: time)
            }
            guard isTaken else { continue }
            state.latest.put(key: key, at: found.position, exists: found.exists, time: time, number: number)
            state.latest.set(other: other, for: key)
            markChanged(state)
        }
        state.latest.settle()
    }

    private func judge(
        _ held: HeldRule, _ state: SourceState, previous: AlarmValue?, value: AlarmValue, at time: Int64
    ) {
        let rule = held.rule
        var memory = state.memory(of: rule.id)
        let at = Timestamp(milliseconds: time)
        let outcome = rule.step(&memory, previous: previous, value: value, at: at, alarmID: AlarmID.make())
        let change: AlarmTransition.Change?
        switch outcome {
        case .nothing: return
        case .stateChanged: change = nil
        case .raise(let raising):
            let text = rule.message(for: raising, device: state.deviceName, deviceKey: state.deviceKey)
            change = .raise(raising, message: text)
        case .occurrence(let id, let occurrences): change = .occur(id, occurrences: occurrences)
        case .clear(let id, let reason): change = .clear(id, reason)
        }
        state.remember(memory, of: rule.id)
        commit.changedMemories[GroupCommit.ChangedMemory(source: state.source, ruleID: rule.id)] = rule.version
        if let change { commit.transitions.append(AlarmTransition(change: change, state: state, held: held, at: at)) }
    }

    // MARK: - What a decision leaves to be written once

    private func meet(_ state: SourceState, at time: Timestamp) {
        guard state.deviceID != nil else { return }
        let silence = state.seenAt.map { time - $0 } ?? settings.offlineAfter
        if state.isOnline, silence < settings.presenceInterval { return }
        let wasOnline = state.isOnline && silence < settings.offlineAfter
        commit.seen.append(GroupCommit.Presence(state: state, at: time, wasOnline: wasOnline))
        state.seenAt = time
        state.isOnline = true
    }

    private func markChanged(_ state: SourceState) {
        guard state.mark != decision else { return }
        state.mark = decision
        commit.changed.append(state)
    }

    private func finishDecision() {
        commit.complete()
        let now = clock.now()
        for state in commit.changed {
            // Every change has a later version than the one before it, whatever the clock does.
            let next = max(now, state.version.map { Timestamp(microseconds: $0.microseconds + 1) } ?? now)
            commit.appendVersion(expected: state.version, received: next)
            state.version = next
        }
        for (memory, ruleVersion) in commit.changedMemories {
            guard let state = sources.find(memory.source) else { continue }
            commit.append(state: state.memory(of: memory.ruleID), of: memory, ruleVersion: ruleVersion)
        }
    }
}
