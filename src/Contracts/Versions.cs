namespace CallCrm.Contracts;

/// <summary>What has a version: each change raises it. Answers with one carry it in the header ETag as well.</summary>
public interface IVersioned
{
    int Version { get; }
}

/// <summary>The body of a change: its version is the one that was read, told here or in the header If-Match.</summary>
public interface IVersionedWrite : IVersioned
{
    IVersionedWrite WithVersion(int version);
}

/// <summary>Of the settings, where version 0 makes a new one.</summary>
public interface IVersionedSetup : IVersionedWrite;
