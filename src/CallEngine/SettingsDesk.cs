namespace CallCrm.Engine;

/// <summary>Takes a new snapshot of settings in: queues, agents, extensions and devices that stay keep what they know.</summary>
internal sealed class SettingsDesk(EngineState state, AgentBoard board, CommandDesk commands, Router router)
{
    public void Take(EngineSettings settings)
    {
        if (settings.Version < state.Settings.Settings.Version)
        {
            state.Out.Report("settings_older", $"{settings.Version} after {state.Settings.Settings.Version}");
            return;
        }

        foreach (var agent in state.AgentOrder)
            board.LeaveQueues(agent);
        state.Settings = new SettingsIndex(settings);
        TakeQueues(settings);
        TakeAgents(settings);
        TakeExtensions(settings);
        board.RefreshAll();
        foreach (var queue in state.QueueOrder.ToArray())
            Settle(queue);
    }

    private void TakeQueues(EngineSettings settings)
    {
        foreach (var queue in state.QueueOrder)
        {
            queue.Removed = true;
            queue.Members.Clear();
            queue.Reachable = 0;
        }

        foreach (var row in settings.Queues)
        {
            if (state.Queues.TryGetValue(row.Id, out var queue))
                queue.Settings = row;
            else
                state.Queues.Add(row.Id, queue = new QueueState(row));
            queue.Removed = false;
        }

        state.QueueOrder.RemoveAll(q => q.Removed && q.Line.Count == 0);
        foreach (var (id, queue) in state.Queues.ToArray())
        {
            if (queue.Removed)
                state.Queues.Remove(id);
            else if (!state.QueueOrder.Contains(queue))
                state.QueueOrder.Add(queue);
        }

        state.QueueOrder.Sort((a, b) => a.Id.CompareTo(b.Id));
    }

    private void TakeAgents(EngineSettings settings)
    {
        foreach (var agent in state.AgentOrder)
            agent.Known = false;
        foreach (var row in settings.Agents)
        {
            if (!state.Agents.TryGetValue(row.Id, out var agent))
            {
                state.Agents.Add(row.Id, agent = new Agent(row.Id, state.Now.Stamp));
                state.AgentOrder.Add(agent);
            }

            agent.Known = true;
            agent.NeedsPage = row.NeedsPage;
            if (!row.NeedsPage)
                agent.Away = false;
        }

        state.AgentOrder.Sort((a, b) => a.Id.CompareTo(b.Id));
        foreach (var queue in state.QueueOrder)
        {
            if (!queue.Removed)
                Enrol(queue);
        }

        foreach (var agent in state.AgentOrder)
        {
            if (!agent.Known && agent.Extension is not null)
                commands.SignOut(agent, "removed");
        }
    }

    private void Enrol(QueueState queue)
    {
        foreach (var row in queue.Settings.Agents)
        {
            if (!state.Agents.TryGetValue(row.Agent, out var agent) || agent.In(queue) is not null)
                continue;
            var membership = new Membership(agent, queue, row.Level);
            agent.Memberships.Add(membership);
            queue.Members.Add(membership);
        }
    }

    private void TakeExtensions(EngineSettings settings)
    {
        var old = state.Extensions.Values.ToList();
        var devices = new Dictionary<NodeKey, Device>(state.Devices);
        state.Extensions.Clear();
        state.Devices.Clear();
        foreach (var row in settings.Extensions)
        {
            var extension = old.Find(e => string.Equals(e.Node, row.Node, StringComparison.Ordinal) && string.Equals(e.Number, row.Number, StringComparison.Ordinal)) ?? new Extension(row.Node, row.Number);
            if (!state.Extensions.TryAdd(new NodeKey(row.Node, row.Number), extension))
                continue;
            extension.Devices.Clear();
            foreach (var deviceRow in row.Devices)
            {
                var key = new NodeKey(row.Node, deviceRow.Name);
                var device = devices.GetValueOrDefault(key) ?? new Device(deviceRow.Name);
                (device.CanAnswer, device.CanHold, device.AutoAnswer, device.Extension) = (deviceRow.CanAnswer, deviceRow.CanHold, deviceRow.AutoAnswer, extension);
                if (state.Devices.TryAdd(key, device))
                    extension.Devices.Add(device);
            }
        }

        foreach (var agent in state.AgentOrder)
        {
            if (agent.Extension is { } held && !state.Extensions.ContainsKey(new NodeKey(held.Node, held.Number)))
                commands.SignOut(agent, "extension_removed");
        }
    }

    private void Settle(QueueState queue)
    {
        if (!queue.Removed)
        {
            router.Sift(queue);
            router.Emptied(queue);
            return;
        }

        foreach (var call in queue.Line.ToArray())
            router.QueueRemoved(call);
    }
}
