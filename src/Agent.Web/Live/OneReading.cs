namespace CallCrm.AgentWeb.Live;

/// <summary>Reads again what changed: one at a time, and whatever asks while it is being read makes one more reading, not one each.</summary>
sealed class OneReading(Func<Task> read)
{
    bool _reads;
    bool _again;

    public async Task AskAsync()
    {
        _again = true;
        if (_reads)
            return;
        _reads = true;
        try
        {
            while (_again)
            {
                _again = false;
                await read();
            }
        }
        finally
        {
            _reads = false;
        }
    }
}
